namespace BestOfN.Gateway.Rewards;

/// <summary>Token ids.</summary>
/// <param name="Ids">The ids.</param>
/// <param name="Source">Where they stand in the request.</param>
/// <param name="MayBeActors">Whether they are those of the model in training where its tokenizer is configured.</param>
internal sealed record SentTokens(IReadOnlyList<int> Ids, string Source, bool MayBeActors = false) : UnreadInput;
