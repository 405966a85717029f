using BestOfN.Inference.Runtime;
using static TorchSharp.torch;

namespace BestOfN.Inference.Tests.Runtime;

public sealed class ComputeTypesTests
{
    [Theory]
    [InlineData("flags\t\t: fpu avx2 avx512_bf16 amx_tile", true)]
    [InlineData("flags\t\t: fpu amx_bf16", true)]
    [InlineData("flags\t\t: fpu avx2 avx512f", false)]
    [InlineData("processor : 0", false)]
    public void Bfloat16_needs_an_instruction_set_that_multiplies_it(string cpuInfo, bool expected)
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, "processor\t: 0\n" + cpuInfo + "\nbugs\t\t: avx512_bf16\n");
        Assert.Equal(expected, ComputeTypes.HasBFloat16(file));
        File.Delete(file);
        Assert.False(ComputeTypes.HasBFloat16(file));
    }

    [Fact]
    public void Auto_is_bfloat16_where_the_hardware_has_it()
    {
        Assert.Equal(ComputeTypes.CpuHasBFloat16 ? ScalarType.BFloat16 : ScalarType.Float32, ComputeTypes.Of("auto", CPU));
        Assert.Equal(ScalarType.BFloat16, ComputeTypes.Of("bfloat16", CPU));
        Assert.Contains(
            "float64", Assert.Throws<ArgumentException>(() => ComputeTypes.Of("float64", CPU)).Message, StringComparison.Ordinal);
    }
}
