using BestOfN.Inference.Runtime;
using static TorchSharp.torch;

namespace BestOfN.Inference.Tests.Runtime;

[Collection(NativeMemory.Name)]
public sealed class PrepackTests
{
    [Theory]
    [InlineData(64, 48)]
    [InlineData(96, 64)]      // no multiple of 64: oneDNN's float32 copy of such a weight multiplies wrongly
    [InlineData(1000, 48)]
    [InlineData(1280, 768)]
    public void A_packed_weight_multiplies_any_number_of_rows_as_the_plain_one_does(int outputs, int inputs)
    {
        using var inference = inference_mode();
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        foreach (var type in (ScalarType[])[ScalarType.Float32, ScalarType.BFloat16])
        {
            if (!Aten.HasOneDnn(type, CPU))
            {
                continue;
            }

            var weight = randn([outputs, inputs], generator: generator).to(type);
            using var packed = Aten.Prepack(weight);
            foreach (var rows in (int[])[1, 2, 3, 16, 17, 64, 100])
            {
                var x = randn([rows, inputs], generator: generator).to(type);
                var added = randn([rows, outputs], generator: generator).to(type);
                var expected = x.to(ScalarType.Float32).matmul(weight.to(ScalarType.Float32).t());
                var tolerance = (type == ScalarType.Float32 ? 1e-5 : 1e-2) * expected.abs().max().item<float>();
                Assert.InRange((Aten.Linear(x, packed, null).to(ScalarType.Float32) - expected).abs().max().item<float>(), 0, tolerance);
                Assert.InRange(
                    (Aten.LinearAdd(x, packed, null,
                        added).to(ScalarType.Float32) - expected - added.to(ScalarType.Float32)).abs().max().item<float>(), 0, tolerance);
            }
        }
    }
}
