using BestOfN.Inference.Kernels;
using BestOfN.Inference.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace BestOfN.Inference.Networks;

/// <summary>Rotary position embedding: pairs (i, i + D/2) of a head are rotated by position · frequency(i).</summary>
/// <remarks>Su et al. 2021, https://arxiv.org/abs/2104.09864, in the rotate-half layout of all families here. Angles are float32.
/// Thread-safe.</remarks>
public sealed class RotaryEmbedding
{
    private static readonly Scalar s_minusOne = -1f;

    private readonly DecoderConfiguration _configuration;

    public RotaryEmbedding(DecoderConfiguration configuration) => _configuration = configuration;

    /// <summary>True where angles depend on the length of the whole sequence, so that nothing of it can be shared with a longer
    /// one.</summary>
    public bool DependsOnLength(int sequenceLength) =>
        _configuration.RopeScaling is DynamicRopeScaling && sequenceLength > _configuration.MaxPositions;

    /// <summary>Cosines and sines of the angles, each [T, D/2], in the type of the network.</summary>
    /// <param name="positions">Position of every token within its own sequence, [T] int64, on the network's device.</param>
    /// <param name="type">Type of the result; angles are computed in float32 first.</param>
    /// <param name="sequenceLength">Length of the sequence the tokens belong to; only dynamic scaling asks, and only past the model's
    /// positions.</param>
    public (Tensor Cos, Tensor Sin) Angles(Tensor positions, ScalarType type, int sequenceLength = 0)
    {
        ArgumentNullException.ThrowIfNull(positions);
        using var scope = NewDisposeScope();
        var frequencies = tensor(Frequencies(sequenceLength), device: positions.device);                 // [D/2]
        var scaled = positions.to(ScalarType.Float32);
        if (_configuration.RopeScaling is LinearRopeScaling linear)
        {
            using Scalar factor = (float)linear.Factor;
            scaled = scaled / factor;
        }

        var angles = scaled.unsqueeze(1) * frequencies.unsqueeze(0);                                      // [T, D/2]
        return (angles.cos().to(type).MoveToOuterDisposeScope(), angles.sin().to(type).MoveToOuterDisposeScope());
    }

    /// <summary>Rotates heads. The result is a new tensor.</summary>
    /// <param name="x">[T, heads, D].</param>
    /// <param name="cos">[T, D/2], as is <paramref name="sin"/>.</param>
    /// <param name="sin">See <paramref name="cos"/>.</param>
    /// <param name="mode">What the network is for.</param>
    internal static Tensor Rotate(Tensor x, Tensor cos, Tensor sin, ComputeMode mode)
    {
        using var scope = NewDisposeScope();
        var half = x.size(-1) / 2;
        var (first, second) = (x.narrow(-1, 0, half), x.narrow(-1, half, half));
        var (c, s) = (cos.unsqueeze(1), sin.unsqueeze(1));                                                // [T, 1, D/2]
        if (mode == ComputeMode.Inference)
        {
            // Half the memory traffic of the line below.
            var turned = x * cat([c, c], -1);
            turned.narrow(-1, 0, half).addcmul_(second, s, s_minusOne);
            turned.narrow(-1, half, half).addcmul_(first, s, HeldScalar.One);
            return turned.MoveToOuterDisposeScope();
        }

        return cat([(first * c) - (second * s), (second * c).add(first * s, HeldScalar.One)], -1).MoveToOuterDisposeScope();
    }

    private float[] Frequencies(int sequenceLength)
    {
        var size = _configuration.HeadSize;
        var theta = _configuration.RopeTheta;
        if (_configuration.RopeScaling is DynamicRopeScaling dynamic && DependsOnLength(sequenceLength))
        {
            var growth = (dynamic.Factor * sequenceLength / _configuration.MaxPositions) - (dynamic.Factor - 1);
            theta *= Math.Pow(growth, size / (double)(size - 2));
        }

        var frequencies = new float[size / 2];
        for (var i = 0; i < frequencies.Length; i++)
        {
            var frequency = 1.0 / Math.Pow(theta, 2.0 * i / size);
            frequencies[i] = (float)(_configuration.RopeScaling is Llama3RopeScaling llama3 ? Stretch(frequency, llama3) : frequency);
        }

        return frequencies;
    }

    private static double Stretch(double frequency, Llama3RopeScaling scaling)
    {
        var wavelength = 2 * Math.PI / frequency;
        if (wavelength < scaling.OriginalPositions / scaling.HighFrequencyFactor)
        {
            return frequency;
        }

        if (wavelength > scaling.OriginalPositions / scaling.LowFrequencyFactor)
        {
            return frequency / scaling.Factor;
        }

        var kept = ((scaling.OriginalPositions / wavelength) - scaling.LowFrequencyFactor)
            / (scaling.HighFrequencyFactor - scaling.LowFrequencyFactor);
        return ((1 - kept) * frequency / scaling.Factor) + (kept * frequency);
    }
}
