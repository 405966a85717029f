using System.Runtime.Intrinsics;
using BestOfN.Inference.Kernels;
using BestOfN.Inference.Runtime;
using static TorchSharp.torch;

namespace BestOfN.Inference.Tests.Kernels;

public sealed class PrepackedWeightTests
{
    public static TheoryData<ScalarType, int, int> Weights => new()
    {
        { ScalarType.Float32, 64, 48 }, { ScalarType.Float32, 128, 1000 },
        { ScalarType.Float32, 192, 1536 }, { ScalarType.Float32, 640, 2500 },
        { ScalarType.BFloat16, 64, 48 }, { ScalarType.BFloat16, 128, 1000 },
        { ScalarType.BFloat16, 192, 1536 }, { ScalarType.BFloat16, 640, 2500 },
        { ScalarType.Float32, 96, 64 }, { ScalarType.BFloat16, 96, 64 }, { ScalarType.Float32, 64, 51 }, { ScalarType.BFloat16, 64, 51 },
    };

    [Theory, MemberData(nameof(Weights))]
    public void A_row_has_the_same_bits_in_every_step_where_kernels_promise_it_and_is_else_within_the_tolerance(
        ScalarType type, int outputs, int inputs)
    {
        using var guard = inference_mode();
        if (IsRefused(type))
        {
            return;
        }

        using var random = new Generator(5);
        var weight = randn([outputs, inputs], generator: random).to(type);
        using var packed = new PrepackedWeight(weight, new StepTrials(64));
        var (x, bias, added) = (randn([67, inputs], generator: random).to(type), randn([outputs], generator: random).to(type),
            randn([67, outputs], generator: random).to(type));
        var exact = x.to(ScalarType.Float64).matmul(weight.to(ScalarType.Float64).t());
        var tolerance = (type == ScalarType.Float32 ? 2e-6 : 1e-2) * exact.abs().max().item<double>();
        var (plain, all, negative, roundings) = Rows(0, 64);
        Assert.InRange((plain.to(ScalarType.Float64) - exact.narrow(0, 0, 64)).abs().max().item<double>(), 0, tolerance);
        Assert.InRange(
            (all.to(ScalarType.Float64) - exact.narrow(0, 0, 64) - bias - added.narrow(0, 0, 64)).abs().max().item<double>(), 0, tolerance);
        foreach (var rows in StepRows.UpTo(64))
        {
            // At other places than before, where there is room.
            var from = Math.Min(3, 64 - rows);
            var (somePlain, someAll, _, someRoundings) = Rows(from, rows, negative.narrow(0, from, rows));
            IsClose(plain, somePlain);
            IsClose(all, someAll);
            IsClose(roundings, someRoundings);

            void IsClose(Tensor expected, Tensor found) => Assert.InRange(
                (found.to(ScalarType.Float64) - expected.narrow(0, from, rows).to(ScalarType.Float64)).abs().max().item<double>(),
                    0, packed.IsExact ? 0 : tolerance);
        }

        // The last shows the order of adding in bfloat16, too: what is left of a sum less its rounded value.
        (Tensor Plain, Tensor All, Tensor Negative, Tensor Roundings) Rows(int from, int count, Tensor? less = null)
        {
            var some = x.narrow(0, from, count);
            var product = packed.Linear(some, null);
            less ??= product.neg();
            return (product, packed.LinearAdd(some, bias, added.narrow(0, from, count)), less, packed.LinearAdd(some, null, less));
        }
    }

    [Theory]
    [InlineData(ScalarType.Float32, 2 * TileProduct.TallRows)]
    [InlineData(ScalarType.BFloat16, TileProduct.PairRows)]
    public void Own_products_for_few_rows_are_used_only_where_they_change_no_bit(ScalarType type, int most)
    {
        using var guard = inference_mode();
        if (IsRefused(type))
        {
            return;
        }

        using var random = new Generator(9);
        var weight = randn([128, 300], generator: random).to(type);
        using var served = new PrepackedWeight(weight);
        using var ragged = new PrepackedWeight(weight.narrow(0, 0, 96).contiguous());      // no whole panels of 64 outputs
        Assert.Contains(served.FewRows, Vector512.IsHardwareAccelerated ? [0, most] : (int[])[0]);
        Assert.Equal(0, ragged.FewRows);
        using var plain = Aten.Prepack(weight);
        foreach (var rows in served.FewRows == 0 ? [] : (int[])[1, served.FewRows])
        {
            var x = randn([rows, 300], generator: random).to(type);
            Assert.True(served.Linear(x, null).eq(Aten.Linear(x, plain, null)).all().item<bool>());
        }
    }

    [Fact]
    public void Batch_invariance_is_promised_only_after_it_was_tried()
    {
        using var guard = inference_mode();
        using var packed = new PrepackedWeight(randn(64, 32));
        Assert.False(packed.IsExact);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(8, 8)]
    [InlineData(9, 10)]
    [InlineData(33, 40)]
    [InlineData(64, 64)]
    [InlineData(65, 80)]
    [InlineData(4096, 4096)]
    public void Steps_have_one_of_a_few_numbers_of_rows(int sequences, int rows)
    {
        Assert.Equal(rows, StepRows.For(sequences));
        Assert.Equal(rows, StepRows.UpTo(sequences).Last());
        Assert.Equal(StepRows.UpTo(sequences), Enumerable.Range(1, sequences).Select(StepRows.For).Distinct());
    }

    /// <summary>
    /// Where oneDNN does not multiply a type, packing must never be tried: that would be an error of libtorch in the middle of a request.
    /// </summary>
    private static bool IsRefused(ScalarType type)
    {
        if (Aten.HasOneDnn(type, CPU))
        {
            return false;
        }

        Assert.Null(Aten.PrepackFor(type, CPU));
        return true;
    }

    [Theory]
    [InlineData(1, 1, false)]
    [InlineData(2, 7, true)]
    [InlineData(5, 64, false)]
    [InlineData(6, 100, true)]
    public unsafe void A_tile_is_the_sum_of_products(int rows, int n, bool add)
    {
        using var random = new Generator(6);
        var (x, m, y) = (randn([rows, n], generator: random), randn([n, 64], generator: random), randn([rows, 64], generator: random));
        var expected = x.to(ScalarType.Float64).matmul(m.to(ScalarType.Float64));
        expected = add ? expected.add(y, HeldScalar.One) : expected;
        TileProduct.Multiply((float*)Aten.Data(x), n, rows, (float*)Aten.Data(m), 64, n, (float*)Aten.Data(y), 64, add);
        Assert.InRange((y - expected).abs().max().item<double>(), 0, 1e-5 * n);
    }

    [Theory]
    [InlineData(1, 1, false)]
    [InlineData(7, 30, true)]
    [InlineData(8, 100, false)]
    public unsafe void So_is_a_tall_tile_half_by_half(int rows, int n, bool goOn)
    {
        using var random = new Generator(8);
        // it looks ahead
        var (x, m, y) = (randn([rows, n], generator: random), randn([2 * n, 64], generator: random), randn([rows, 64], generator: random));
        var expected = x.to(ScalarType.Float64).matmul(m.narrow(0, 0, n).to(ScalarType.Float64));
        expected = goOn ? expected.add(y, HeldScalar.One) : expected;
        TileProduct.Continue((float*)Aten.Data(x), n, rows, (float*)Aten.Data(m), n, (float*)Aten.Data(y), goOn);
        TileProduct.Continue((float*)Aten.Data(x), n, rows, (float*)Aten.Data(m) + 32, n, (float*)Aten.Data(y) + 32, goOn);
        Assert.InRange((y - expected).abs().max().item<double>(), 0, 1e-5 * n);
    }

    [Theory]
    [InlineData(1, 2, false)]
    [InlineData(2, 50, true)]
    [InlineData(3, 64, false)]
    [InlineData(4, 100, true)]
    public unsafe void So_is_a_tile_of_pairs(int rows, int n, bool add)
    {
        using var random = new Generator(7);
        var (x, m, y) = (randn([rows, n], generator: random).bfloat16(), randn([n, 64], generator: random).bfloat16(),
            randn([rows, 64], generator: random));
        var expected = x.to(ScalarType.Float64).matmul(m.to(ScalarType.Float64));
        expected = add ? expected.add(y, HeldScalar.One) : expected;
        var pairs = m.view(n / 2, 2, 64).transpose(1, 2).contiguous();
        TileProduct.Multiply((ushort*)Aten.Data(x), n, rows, (ushort*)Aten.Data(pairs), n, (float*)Aten.Data(y), add);
        Assert.InRange((y - expected).abs().max().item<double>(), 0, 1e-5 * n);
    }
}
