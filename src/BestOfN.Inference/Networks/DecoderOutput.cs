using static TorchSharp.torch;

namespace BestOfN.Inference.Networks;

/// <summary>Which tokens' final hidden states a pass is to give. The default is all.</summary>
public readonly struct DecoderOutput
{
    private DecoderOutput(Tensor? rows, bool isKeysOnly) => (Selected, IsKeysOnly) = (rows, isKeysOnly);

    /// <summary>The hidden states of all tokens.</summary>
    public static DecoderOutput All => default;

    /// <summary>None: only keys and values are wanted.</summary>
    public static DecoderOutput KeysOnly => new(null, true);

    internal Tensor? Selected { get; }

    internal bool IsKeysOnly { get; }

    /// <summary>The hidden states of some tokens; no row at all is <see cref="KeysOnly"/>.</summary>
    /// <param name="rows">[R] int64.</param>
    public static DecoderOutput Rows(Tensor rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        return rows.NumberOfElements == 0 ? KeysOnly : new(rows, false);
    }
}
