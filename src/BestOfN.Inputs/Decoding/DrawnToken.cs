namespace BestOfN.Inputs.Decoding;

/// <summary>What the sampler says of one drawn token.</summary>
/// <param name="Token">The token drawn.</param>
/// <param name="Alternatives">The most probable tokens, best first; the drawn one need not be among them.</param>
internal sealed record DrawnToken(TokenLogprob Token, IReadOnlyList<TokenLogprob> Alternatives);
