namespace BestOfN.Gateway.Wire;

internal sealed record BestOfNUsage(Usage? Winner, Usage? Total);
