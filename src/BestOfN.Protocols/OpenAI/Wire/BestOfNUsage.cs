namespace BestOfN.Protocols.OpenAI.Wire;

public sealed record BestOfNUsage(Usage? Winner, Usage? Total);
