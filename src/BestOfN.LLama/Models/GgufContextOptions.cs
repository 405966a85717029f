namespace BestOfN.LLama.Models;

/// <summary>How a context of llama.cpp is made.</summary>
/// <param name="Tokens">Tokens that its cache of keys and values holds; null: as many as suit the machine.</param>
/// <param name="Sequences">Most sequences at the same time, 1 to 256.</param>
/// <param name="Batch">Most tokens computed together.</param>
/// <param name="IsExact">Keys and values in float32 and attention without rounding to float16.</param>
/// <param name="Device"><c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</param>
/// <param name="ReadsStates">Hidden states are read instead of logits.</param>
internal sealed record GgufContextOptions(int? Tokens, int Sequences, int Batch, bool IsExact, string Device, bool ReadsStates = false);
