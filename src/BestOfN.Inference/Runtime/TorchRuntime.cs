using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace BestOfN.Inference.Runtime;

/// <summary>Loads libtorch and TorchSharp's shim when something first asks for them.</summary>
/// <remarks>
/// TorchSharp's static constructor fails once and for all, so the module initializer of this assembly sees to it that its libraries are
/// found. They are half a gigabyte: a host that computes nothing itself never loads them. <c>BESTOFN_LIBTORCH</c> names a folder with
/// another libtorch 2.10 (for example the <c>lib</c> folder of a pip-installed torch with CUDA); without it the libraries under
/// <c>torch/</c> beside the program are taken.
/// </remarks>
public static class TorchRuntime
{
    /// <summary>Environment variable naming the folder of another libtorch.</summary>
    public const string LibtorchVariable = "BESTOFN_LIBTORCH";

    private const string Shim = "LibTorchSharp";

    private static readonly string s_own = Path.Combine(AppContext.BaseDirectory, "torch");

    private static readonly string[] s_libraries =
        ["libc10.so", "libc10_cuda.so", "libtorch_cpu.so", "libtorch_cuda_linalg.so", "libtorch_cuda.so", "libtorch.so"];

    // Null where TorchSharp's own packages carry the libraries: not the isolated Linux build.
    private static readonly Lazy<Libraries?> s_loaded =
        new(() => File.Exists(Path.Combine(s_own, "libLibTorchSharp.so")) ? LoadAll() : null);

    /// <summary>Why CUDA libraries that are present could not be loaded, or null.</summary>
    public static string? CudaLoadError => s_loaded.Value?.CudaError;

    /// <summary>The folder libtorch was loaded from, or null where TorchSharp's stock packages find it themselves.</summary>
    public static string? Directory => s_loaded.Value?.Directory;

    /// <summary>Loads the libraries if that has not happened yet. Thread-safe.</summary>
    /// <exception cref="TorchRuntimeException">A library is missing or cannot be loaded; the same at every further call.</exception>
    public static void Load() => _ = s_loaded.Value;

    [ModuleInitializer]
    [System.Diagnostics.CodeAnalysis.SuppressMessage(
        "Usage", "CA2255", Justification = "Must precede TorchSharp's static constructor in every host.")]
    internal static void Register()
    {
        OneDnnPrimitiveCache.LimitForRequests();
        AssemblyLoadContext.Default.ResolvingUnmanagedDll += (_, name) => Find(name);
        NativeLibrary.SetDllImportResolver(typeof(TorchRuntime).Assembly, (name, _, _) => Find(name));
    }

    /// <summary>A function of libtorch or of what it is linked to; 0 where there is none.</summary>
    internal static nint Export(string name) =>
        s_loaded.Value is { } libraries && NativeLibrary.TryGetExport(libraries.Cpu, name, out var address) ? address : 0;

    private static nint Find(string name) => name switch
    {
        "torch_cpu" => s_loaded.Value?.Cpu ?? 0,
        Shim => s_loaded.Value?.Shim ?? 0,
        _ => 0,
    };

    private static Libraries LoadAll()
    {
        var directory = Environment.GetEnvironmentVariable(LibtorchVariable) is { Length: > 0 } configured ? configured : s_own;
        nint cpu = 0;
        string? cudaError = null;
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
                cudaError = FirstLine(e.Message);
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

        var shim = Path.Combine(s_own, "libLibTorchSharp.so");
        try
        {
            return new(directory, cpu, NativeLibrary.Load(shim), cudaError);
        }
        catch (DllNotFoundException e)
        {
            throw new TorchRuntimeException(shim, FirstLine(e.Message));
        }
    }

    private static string FirstLine(string text) => text.Split('\n', 2)[0];

    private sealed record Libraries(string Directory, nint Cpu, nint Shim, string? CudaError);
}
