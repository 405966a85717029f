using BestOfN.Core.Prompts;

namespace BestOfN.Inputs.Templates;

/// <summary>An image in its place within a message, given as the ids that stand for its embeddings in the token sequence.</summary>
internal sealed record ImageIdsPart(IReadOnlyList<int> Ids) : ContentPart;
