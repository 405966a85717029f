using BestOfN.Inputs.Images;

namespace BestOfN.Training.Pocket;

/// <summary>Everything up to where an answer begins.</summary>
/// <param name="Ids">Token ids; 0 in the place of every vector of the image, right behind BOS.</param>
/// <param name="Image">The image, or the composed frames of a video; null: text only.</param>
/// <param name="ImageTokens">How many vectors it has.</param>
internal sealed record TrainingPrompt(IReadOnlyList<int> Ids, TiledImage? Image = null, int ImageTokens = 0)
{
    public int Count => Ids.Count;
}
