using BestOfN.Inputs.Images;

namespace BestOfN.Training.Preference;

/// <summary>A pair as the network reads it; the images are those of both conversations.</summary>
internal sealed record JudgedPair(JudgedConversation Chosen, JudgedConversation Rejected, IReadOnlyList<TiledImage> Images)
{
    /// <summary>Tokens of the longer of the two.</summary>
    public int Length => Math.Max(Chosen.Ids.Length, Rejected.Ids.Length);
}
