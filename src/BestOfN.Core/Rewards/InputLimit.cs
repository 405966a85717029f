namespace BestOfN.Core.Rewards;

/// <summary>How inputs with many tokens are dealt with.</summary>
/// <param name="MaxTokens">The most tokens that are read; null: as many as the model reads.</param>
/// <param name="Cuts">Whether a longer input is cut. One that is not cut has no score.</param>
/// <param name="KeepsEnd">Whether the last tokens are kept, or the first.</param>
public sealed record InputLimit(int? MaxTokens = null, bool Cuts = false, bool KeepsEnd = true)
{
    /// <summary>Nothing is cut, and the model's own limit holds.</summary>
    public static InputLimit None { get; } = new();
}
