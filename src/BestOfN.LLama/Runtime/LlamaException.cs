namespace BestOfN.LLama.Runtime;

/// <summary>llama.cpp cannot be used here, or cannot load a file; the message is for the operator.</summary>
public sealed class LlamaException(string message, Exception? innerException = null) : Exception(message, innerException);
