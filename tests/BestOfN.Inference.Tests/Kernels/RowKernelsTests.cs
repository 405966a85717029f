using System.Runtime.Intrinsics;
using BestOfN.Inference.Kernels;
using BestOfN.Inference.Networks;
using BestOfN.Inference.Runtime;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace BestOfN.Inference.Tests.Kernels;

/// <summary>Against tensor operations in float64, for widths with and without a rest and for rows that several threads share.</summary>
public sealed class RowKernelsTests
{
    public static TheoryData<ScalarType, int, int> Shapes => new()
    {
        { ScalarType.Float32, 3, 5 }, { ScalarType.Float32, 2, 96 }, { ScalarType.Float32, 3000, 70 },
        { ScalarType.BFloat16, 3, 5 }, { ScalarType.BFloat16, 2, 96 }, { ScalarType.BFloat16, 3000, 70 },
    };

    [Theory, MemberData(nameof(Shapes))]
    public void Norm_divides_by_the_root_of_the_mean_square(ScalarType type, int rows, int width)
    {
        using var scope = NewDisposeScope();
        using var guard = inference_mode();
        var (x, weight) = (Random(1, type, rows, width), Random(2, type, width));
        var wide = x.to(ScalarType.Float64);
        AreClose(Normed(wide, 1e-5) * weight.to(ScalarType.Float64), RowKernels.Norm(x, weight, 1e-5));
    }

    [Theory, MemberData(nameof(Shapes))]
    public void SwiGLU_is_silu_of_the_gate_times_up_and_may_overwrite_the_gate(ScalarType type, int rows, int width)
    {
        using var scope = NewDisposeScope();
        using var guard = inference_mode();
        var both = Random(3, type, rows, 2 * width);
        var (gate, up) = (both.narrow(1, 0, width).contiguous(), both.narrow(1, width, width));
        var expected = F.silu(gate.to(ScalarType.Float64)) * up.to(ScalarType.Float64);
        AreClose(expected, RowKernels.SwiGlu(both));
        RowKernels.SwiGlu(gate, up, gate);
        AreClose(expected, gate);
    }

    [Theory, MemberData(nameof(Shapes))]
    public void Quick_gelu_is_x_times_a_steep_sigmoid(ScalarType type, int rows, int width)
    {
        using var scope = NewDisposeScope();
        using var guard = inference_mode();
        var x = Random(4, type, rows, width);
        var wide = x.to(ScalarType.Float64);
        AreClose(wide * (wide * tensor(1.702)).sigmoid(), RowKernels.QuickGelu(x.clone()));
    }

    [Theory]
    [InlineData(ScalarType.Float32, 8, false)]
    [InlineData(ScalarType.Float32, 64, true)]
    [InlineData(ScalarType.BFloat16, 24, true)]
    [InlineData(ScalarType.BFloat16, 128, false)]
    public void Heads_are_normalised_and_rotated_in_place(ScalarType type, int size, bool isNormed)
    {
        using var scope = NewDisposeScope();
        using var guard = inference_mode();
        var all = Random(5, type, 300, 5, size);                    // between two others, as a fused product leaves them
        var heads = all.narrow(1, 1, 3);
        var (before, others) = (heads.to(ScalarType.Float64), all.clone());
        var norm = isNormed ? Random(6, type, size) : null;
        var angles = Random(7, ScalarType.Float32, 300, size / 2);
        var wide = norm is null ? before : Normed(before, 1e-6) * norm.to(ScalarType.Float64);
        var expected = RotaryEmbedding.Rotate(wide, angles.to(ScalarType.Float64).cos(), angles.to(ScalarType.Float64).sin(),
            ComputeMode.Training);

        // Normed, which rounds two numbers, and turned, which rounds their sum: 1 + √2 roundings of the size of the two numbers that are
        // turned, not of what is left of one.
        var pairs = (wide * wide).view(300, 3, 2, size / 2).sum(2).sqrt();
        AreClose(expected, RowKernels.Rotate(heads, norm, 1e-6, angles.cos(), angles.sin()), cat([pairs, pairs], 2) * tensor(2.5));
        Assert.True(all.narrow(1, 0, 1).eq(others.narrow(1, 0, 1)).all().item<bool>()
            && all.narrow(1, 4, 1).eq(others.narrow(1, 4, 1)).all().item<bool>());
    }

    [Theory, MemberData(nameof(Shapes))]
    public void Exponentials_of_a_rows_visible_scores_divided_by_their_sum_are_its_softmax(ScalarType type, int rows, int width)
    {
        using var scope = NewDisposeScope();
        using var guard = inference_mode();
        var scores = Random(8, type, rows, width) * tensor(5f);
        int Seen(long row) => 1 + (int)(row % width);
        var hidden = tensor(Enumerable.Range(0, rows * width).Select(i => i % width >= Seen(i / width)).ToArray()).view(rows, width);
        var seen = where(hidden, tensor(double.NegativeInfinity), scores.to(ScalarType.Float64) * tensor(0.5));
        var (sums, logSums) = (new float[rows], new float[rows]);
        RowKernels.SoftmaxNumerators(scores, 0.5f, Seen, (row, of) => (sums[row], logSums[row]) = (of.Sum, of.LogSumExp));
        AreClose((seen - seen.amax([-1], keepdim: true)).exp(), scores);
        AreClose(seen.logsumexp(-1), tensor(logSums));

        var shares = zeros([1, 1, 1, rows, 2 * width], type).narrow(4, width, width);       // rows with something between them
        RowKernels.Normalize(scores, sums, shares);
        AreClose(seen.softmax(-1), shares.view(rows, width), seen.softmax(-1) * tensor(2.0));          // rounded twice
    }

    [Fact]
    public unsafe void Powers_are_exact_to_a_unit_in_the_last_place()
    {
        var numbers = stackalloc float[16];
        for (var first = -87.0; first < 88; first += 0.0037)
        {
            for (var i = 0; i < 16; i++)
            {
                numbers[i] = (float)(first + (i * 0.00021));
            }

            var (natural, binary) = (Lanes.Exp(Vector512.Load(numbers)), Lanes.Exp2(Vector512.Load(numbers)));
            for (var i = 0; i < 16; i++)
            {
                // The base's logarithm is rounded, and the exponent, before the power is taken.
                var rounding = 1.2e-7 + (7.5e-8 * Math.Abs(numbers[i]));
                Assert.InRange(natural[i] / Math.Exp(numbers[i]) - 1, -rounding, rounding);
                Assert.InRange(binary[i] / Math.Pow(2, numbers[i]) - 1, -1.2e-7, 1.2e-7);
            }
        }

        var ends = Lanes.Exp(
            Vector512.Create(
                [0, float.NegativeInfinity, float.PositiveInfinity, float.NaN, -1e30f, 1e30f, -200, 200, 0, 0, 0, 0, 0, 0, 0, 0]));
        Assert.Equal(1, ends[0]);
        Assert.True(float.IsNaN(ends[3]));
        Assert.All([ends[1], ends[4], ends[6]], small => Assert.InRange(small, 0, 1.2e-38f));
        Assert.All([ends[2], ends[5], ends[7]], large => Assert.InRange(large, 1.6e38f, float.MaxValue));
    }

    private static Tensor Normed(Tensor x, double epsilon) =>
        x * ((x * x).mean([-1], keepdim: true).add(tensor(epsilon), HeldScalar.One)).rsqrt();

    private static Tensor Random(long seed, ScalarType type, params long[] shape)
    {
        using var generator = new Generator((ulong)seed);
        return randn(shape, generator: generator).to(type);
    }

    // As close as the type can tell numbers of a size apart: their own, or another.
    private static void AreClose(Tensor expected, Tensor found, Tensor? size = null)
    {
        var step = found.dtype == ScalarType.BFloat16 ? 1.0 / 256 : 2e-6;
        var excess = ((found.to(ScalarType.Float64) - expected).abs() - ((size ?? expected.abs()) * tensor(step))).max().item<double>();
        Assert.InRange(excess, double.NegativeInfinity, step / 10);
    }
}
