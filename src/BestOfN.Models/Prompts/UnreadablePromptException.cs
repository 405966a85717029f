namespace BestOfN.Models.Prompts;

/// <summary>A part of a prompt cannot be shown to the model. The message names the part and says why, for the one who sent it.</summary>
internal sealed class UnreadablePromptException(string message, Exception? innerException = null) : Exception(message, innerException);
