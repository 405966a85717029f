namespace BestOfN.Protocols.OpenAI;

/// <summary>An upstream's answer is larger than <see cref="Upstreams.UpstreamOptions.MaxAnswerBytes"/>.</summary>
internal sealed class AnswerTooLargeException(long limit) : Exception($"The upstream's answer is larger than {limit} bytes.");
