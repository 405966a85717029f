using BestOfN.Core.Failures;
using BestOfN.Core.Generation;

namespace BestOfN.Inputs.Decoding;

/// <summary>How tokens are drawn, every setting resolved.</summary>
/// <remarks>
/// Order: penalties, temperature, top_k, top_p, min_p. Tokens that tie with the last one kept are kept too. top_p is measured on what top_k
/// left, renormalised; min_p is relative to the most probable token. Penalties look at the answer so far, not at the prompt.
/// </remarks>
public sealed record TokenSampling
{
    public static TokenSampling Greedy { get; } = new() { Temperature = 0 };

    /// <summary>0 is greedy: the most probable token after penalties, the lowest id among equals.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Keep the most probable tokens that together reach this mass; 1 keeps all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Keep the K most probable tokens; 0 keeps all.</summary>
    public int TopK { get; init; }

    /// <summary>Drop tokens below this share of the most probable one's probability.</summary>
    public double MinP { get; init; }

    /// <summary>Taken off a token's logit once for each time it was drawn.</summary>
    public double FrequencyPenalty { get; init; }

    /// <summary>Taken off a token's logit if it was drawn at all.</summary>
    public double PresencePenalty { get; init; }

    internal bool IsGreedy => Temperature == 0;

    internal bool HasPenalties => FrequencyPenalty != 0 || PresencePenalty != 0;

    /// <summary>The request's settings over these.</summary>
    /// <exception cref="GenerationFailedException">A value is out of range; the request is to blame.</exception>
    public TokenSampling With(SamplingParameters parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        return this with
        {
            Temperature = InRange(parameters.Temperature ?? Temperature, 0, 2, "temperature"),
            TopP = InRange(parameters.TopP ?? TopP, 0, 1, "top_p"),
            // Some clients write -1 for all.
            TopK = (int)InRange(parameters.TopK is { } k ? Math.Max(k, 0) : TopK, 0, int.MaxValue, "top_k"),
            MinP = InRange(parameters.MinP ?? MinP, 0, 1, "min_p"),
            FrequencyPenalty = InRange(parameters.FrequencyPenalty ?? FrequencyPenalty, -2, 2, "frequency_penalty"),
            PresencePenalty = InRange(parameters.PresencePenalty ?? PresencePenalty, -2, 2, "presence_penalty"),
        };
    }

    private static double InRange(double value, double least, double most, string name) => value >= least && value <= most ? value
        : throw new GenerationFailedException(new Failure(
            FailureKind.InvalidRequest,
            FormattableString.Invariant($"Invalid '{name}': expected a number between {least} and {most}, got {value}.")));
}
