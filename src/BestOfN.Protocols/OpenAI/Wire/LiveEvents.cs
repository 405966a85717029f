namespace BestOfN.Protocols.OpenAI.Wire;

/// <summary>What has happened since the chunk before.</summary>
public sealed record LiveEvents(IReadOnlyList<LiveEvent> Events);
