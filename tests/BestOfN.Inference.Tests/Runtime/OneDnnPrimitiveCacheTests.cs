using System.Runtime.InteropServices;

namespace BestOfN.Inference.Tests.Runtime;

public sealed partial class OneDnnPrimitiveCacheTests
{
    [Theory]
    [InlineData("DNNL_PRIMITIVE_CACHE_CAPACITY")]
    [InlineData("LRU_CACHE_CAPACITY")]
    public void Native_code_keeps_few_compiled_operators_unless_the_operator_of_the_process_says_how_many(string variable)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Its C library has no setenv.");
        var given = Environment.GetEnvironmentVariable(variable)
            ?? (variable[0] == 'D' ? Environment.GetEnvironmentVariable("ONEDNN_PRIMITIVE_CACHE_CAPACITY") : null);
        Assert.Equal(given ?? "256", Marshal.PtrToStringUTF8(getenv(variable)) ?? given);
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint getenv(string name);
}
