using System.Runtime.Intrinsics;
using BestOfN.Models.Native;
using BestOfN.Models.Networks;
using static TorchSharp.torch;

namespace BestOfN.Models.Tests.Networks;

public sealed class PackedWeightTests
{
    public static TheoryData<ScalarType, int, int> Weights => new()
    {
        { ScalarType.Float32, 64, 48 }, { ScalarType.Float32, 128, 1000 }, { ScalarType.Float32, 192, 1536 }, { ScalarType.Float32, 640, 2500 },
        { ScalarType.BFloat16, 64, 48 }, { ScalarType.BFloat16, 128, 1000 }, { ScalarType.BFloat16, 192, 1536 }, { ScalarType.BFloat16, 640, 2500 },
        { ScalarType.Float32, 96, 64 }, { ScalarType.BFloat16, 96, 64 }, { ScalarType.Float32, 64, 51 }, { ScalarType.BFloat16, 64, 51 },
    };

    [Theory, MemberData(nameof(Weights))]
    public void A_row_is_the_same_to_the_last_bit_however_many_others_there_are(ScalarType type, int outputs, int inputs)
    {
        using var guard = inference_mode();
        Assert.SkipUnless(Aten.HasOneDnn(type, CPU), "oneDNN does not serve this type here.");
        using var random = new Generator(5);
        var weight = randn([outputs, inputs], generator: random).to(type);
        using var packed = new PackedWeight(weight);
        var (x, bias, added) = (randn([23, inputs], generator: random).to(type), randn([outputs], generator: random).to(type), randn([23, outputs], generator: random).to(type));
        var (plain, all) = (packed.Linear(x, null), packed.LinearAdd(x, bias, added));
        var negative = plain.neg();
        var roundings = packed.LinearAdd(x, null, negative);            // in bfloat16 these show more of the sums
        var expected = x.to(ScalarType.Float64).matmul(weight.to(ScalarType.Float64).t());
        var tolerance = (type == ScalarType.Float32 ? 2e-6 : 1e-2) * expected.abs().max().item<double>();
        Assert.InRange((plain.to(ScalarType.Float64) - expected).abs().max().item<double>(), 0, tolerance);
        Assert.InRange((all.to(ScalarType.Float64) - expected - bias - added).abs().max().item<double>(), 0, tolerance);
        for (var rows = 1; rows <= 20; rows++)
        {
            var some = x.narrow(0, 3, rows);
            Assert.True(packed.Linear(some, null).eq(plain.narrow(0, 3, rows)).all().item<bool>());
            Assert.True(packed.LinearAdd(some, bias, added.narrow(0, 3, rows)).eq(all.narrow(0, 3, rows)).all().item<bool>());
            Assert.True(packed.LinearAdd(some, null, negative.narrow(0, 3, rows)).eq(roundings.narrow(0, 3, rows)).all().item<bool>());
        }
    }

    [Theory]
    [InlineData(ScalarType.Float32, 2 * TileProduct.TallRows)]
    [InlineData(ScalarType.BFloat16, TileProduct.PairRows)]
    public void Few_rows_are_multiplied_here_where_that_changes_nothing(ScalarType type, int expected)
    {
        using var guard = inference_mode();
        Assert.SkipUnless(Aten.HasOneDnn(type, CPU) && Vector512.IsHardwareAccelerated, "The products need registers of 512 bits.");
        Assert.SkipWhen(File.Exists("/proc/cpuinfo") && File.ReadAllText("/proc/cpuinfo").Contains("amx_bf16", StringComparison.Ordinal), "AMX units add in an order of their own.");
        using var served = new PackedWeight(randn(128, 300).to(type));
        using var ragged = new PackedWeight(randn(96, 300).to(type));
        Assert.Equal((expected, 0), (served.FewRows, ragged.FewRows));
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
        var (x, m, y) = (randn([rows, n], generator: random), randn([2 * n, 64], generator: random), randn([rows, 64], generator: random));     // it looks ahead
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
        var (x, m, y) = (randn([rows, n], generator: random).bfloat16(), randn([n, 64], generator: random).bfloat16(), randn([rows, 64], generator: random));
        var expected = x.to(ScalarType.Float64).matmul(m.to(ScalarType.Float64));
        expected = add ? expected.add(y, HeldScalar.One) : expected;
        var pairs = m.view(n / 2, 2, 64).transpose(1, 2).contiguous();
        TileProduct.Multiply((ushort*)Aten.Data(x), n, rows, (ushort*)Aten.Data(pairs), n, (float*)Aten.Data(y), add);
        Assert.InRange((y - expected).abs().max().item<double>(), 0, 1e-5 * n);
    }
}
