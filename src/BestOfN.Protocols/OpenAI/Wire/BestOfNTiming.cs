namespace BestOfN.Protocols.OpenAI.Wire;

public sealed record BestOfNTiming(long Generation, long Scoring, long Total);
