using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;

namespace BestOfN.Models.Native;

/// <summary>Loads libtorch and TorchSharp's shim before anything touches <c>torch</c>.</summary>
/// <remarks>
/// TorchSharp's static constructor fails once and for all, so this runs as the module initializer of this assembly.
/// <c>BESTOFN_LIBTORCH</c> names a folder with another libtorch 2.10 (for example the <c>lib</c> folder of a pip-installed
/// torch with CUDA); without it the libraries under <c>torch/</c> beside the program are taken.
/// </remarks>
public static class TorchRuntime
{
    /// <summary>Environment variable naming the folder of another libtorch.</summary>
    public const string LibtorchVariable = "BESTOFN_LIBTORCH";

    private static readonly string[] s_libraries =
        ["libc10.so", "libc10_cuda.so", "libtorch_cpu.so", "libtorch_cuda_linalg.so", "libtorch_cuda.so", "libtorch.so"];

    private static nint s_cpu;

    /// <summary>Why CUDA libraries that are present could not be loaded, or null.</summary>
    public static string? CudaLoadError { get; private set; }

    /// <summary>The folder libtorch was loaded from, or null where TorchSharp's stock packages find it themselves.</summary>
    public static string? Directory { get; private set; }

    [ModuleInitializer]
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Usage", "CA2255", Justification = "Must precede TorchSharp's static constructor in every host.")]
    internal static void Load()
    {
        var own = Path.Combine(AppContext.BaseDirectory, "torch");
        var shim = Path.Combine(own, "libLibTorchSharp.so");
        if (!File.Exists(shim))
        {
            return; // not the isolated Linux build: TorchSharp's own packages carry the natives
        }

        var directory = Environment.GetEnvironmentVariable(LibtorchVariable) is { Length: > 0 } configured ? configured : own;
        nint cpu = 0;
        foreach (var name in s_libraries)
        {
            var path = Path.Combine(directory, name);
            if (!File.Exists(path))
            {
                continue;
            }

            try
            {
                var handle = NativeLibrary.Load(path);
                cpu = name == "libtorch_cpu.so" ? handle : cpu;
            }
            catch (DllNotFoundException e) when (name.Contains("cuda", StringComparison.Ordinal))
            {
                CudaLoadError = FirstLine(e.Message);
            }
            catch (DllNotFoundException e)
            {
                throw new TorchRuntimeException(path, FirstLine(e.Message));
            }
        }

        if (cpu == 0)
        {
            throw new TorchRuntimeException(Path.Combine(directory, "libtorch_cpu.so"), "the file does not exist");
        }

        try
        {
            NativeLibrary.Load(shim);
        }
        catch (DllNotFoundException e)
        {
            throw new TorchRuntimeException(shim, FirstLine(e.Message));
        }

        NativeLibrary.SetDllImportResolver(typeof(TorchRuntime).Assembly, (name, _, _) => name == "torch_cpu" ? cpu : 0);
        (s_cpu, Directory) = (cpu, directory);
    }

    /// <summary>A function of libtorch or of what it is linked to; 0 where there is none.</summary>
    internal static nint Export(string name) => s_cpu != 0 && NativeLibrary.TryGetExport(s_cpu, name, out var address) ? address : 0;

    private static string FirstLine(string text) => text.Split('\n', 2)[0];
}
