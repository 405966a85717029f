namespace BestOfN.Core.Failures;

/// <summary>The answer of a server that was called. It may repeat the prompt, and therefore appears in logs at Trace only.</summary>
/// <param name="Status">The status that it gave, or that its words mean.</param>
/// <param name="Body">The error in the server's own words (UTF-8), for a caller who is to blame; empty where there is none.</param>
public sealed record UpstreamAnswer(int Status, ReadOnlyMemory<byte> Body = default);
