namespace BestOfN.Protocols.OpenAI;

/// <summary>What a call asks for on top of the client's own words. An upstream that refuses a part of it is asked without.</summary>
internal sealed record CallShape
{
    public static CallShape Full { get; } = new();

    /// <summary>The most choices in one call.</summary>
    public int Choices { get; init; } = int.MaxValue;

    /// <summary>Asks for a stream.</summary>
    public bool Streams { get; init; } = true;

    /// <summary>Asks for the usage at the end of the stream, by <c>stream_options</c>.</summary>
    public bool ReportsUsage { get; init; } = true;

    /// <summary>The field by which a token budget limits the answer where the client named no limit; null: none.</summary>
    public string? TokenLimit { get; init; } = "max_tokens";

    /// <summary>What both allow.</summary>
    public CallShape And(CallShape other) => new()
    {
        Choices = Math.Min(Choices, other.Choices),
        Streams = Streams && other.Streams,
        ReportsUsage = ReportsUsage && other.ReportsUsage,
        TokenLimit = other.TokenLimit == Full.TokenLimit ? TokenLimit : other.TokenLimit,
    };
}
