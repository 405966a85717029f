namespace BestOfN.Gateway.Wire;

internal sealed record BestOfNTiming(long Generation, long Scoring, long Total);
