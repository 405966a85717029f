using System.Globalization;
using System.Runtime.InteropServices;

namespace BestOfN.Models.Native;

/// <summary>What oneDNN, inside libtorch, does with operators that it compiled.</summary>
public static partial class CompiledOperators
{
    // Of oneDNN; a limit set from outside stays.
    private const string Capacity = "DNNL_PRIMITIVE_CACHE_CAPACITY";
    private const int Kept = 16_384;

    /// <summary>
    /// Keeps more of them. It compiles one for every shape and keeps 1,024, a few kilobytes each; a training meets more, and compiling them anew takes a seventh of its time.
    /// </summary>
    /// <remarks>Works until the first operator is compiled, and not on Windows. Thread-safe.</remarks>
    public static void Keep()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        // Not Environment.SetEnvironmentVariable, which native code does not see.
        _ = setenv(Capacity, Kept.ToString(CultureInfo.InvariantCulture), overwrite: 0);
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);
}
