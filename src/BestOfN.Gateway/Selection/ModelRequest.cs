using BestOfN.Core.Generation;
using BestOfN.Core.Prompts;
using BestOfN.Core.Selection;
using BestOfN.Gateway.Selection.Fields;

namespace BestOfN.Gateway.Selection;

/// <summary>A request that makes candidates, whatever route it came by.</summary>
internal sealed record ModelRequest
{
    /// <summary>As the client wrote it, alias included.</summary>
    public required string Model { get; init; }

    public required Prompt Prompt { get; init; }

    public required SamplingParameters Sampling { get; init; }

    /// <summary>Choices to come back; null where the client did not say.</summary>
    public int? Choices { get; init; }

    public required StreamFields Stream { get; init; }

    public required BestOfNFields BestOfN { get; init; }

    /// <summary>What it asks of the form of answers; null where the route knows no such thing.</summary>
    public IAnswerDemands? Demands { get; init; }

    /// <summary>The request as it came.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>
    /// The first content that is not text, image or video, as a path: only a generator that forwards requests verbatim understands it, no
    /// reward model does.
    /// </summary>
    public string? UnsupportedContent { get; init; }

    /// <summary>The first field that asks for what only a generator that forwards requests verbatim may be able to do.</summary>
    public string? UnsupportedField { get; init; }
}
