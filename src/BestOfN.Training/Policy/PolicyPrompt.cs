using BestOfN.Core.Prompts;
using BestOfN.Inputs.Images;

namespace BestOfN.Training.Policy;

/// <summary>A prompt as text, for the reward model and for the policy's chat template.</summary>
/// <param name="Judged">What the reward model sees, images included.</param>
/// <param name="Messages">The same without images.</param>
/// <param name="Image">Cuts the image into tiles, by their largest number and the side of a tile; null: there is none.</param>
/// <param name="Check">Whether an answer is correct; null where nobody can tell.</param>
internal sealed record PolicyPrompt(
    Prompt Judged, IReadOnlyList<ChatMessage> Messages, Func<int, int, TiledImage>? Image, Func<string, bool>? Check);
