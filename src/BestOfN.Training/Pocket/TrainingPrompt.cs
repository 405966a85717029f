using BestOfN.Inputs.Images;

namespace BestOfN.Training.Pocket;

/// <summary>Everything up to where an answer begins.</summary>
/// <param name="Ids">Token ids; 0 in the place of every vector of the picture, right behind BOS.</param>
/// <param name="Picture">The picture, or the composed frames of a video; null: text only.</param>
/// <param name="PictureTokens">How many vectors it has.</param>
internal sealed record TrainingPrompt(IReadOnlyList<int> Ids, TiledImage? Picture = null, int PictureTokens = 0)
{
    public int Count => Ids.Count;
}
