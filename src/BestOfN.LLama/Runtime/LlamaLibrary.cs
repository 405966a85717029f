using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using LLama.Native;

namespace BestOfN.LLama.Runtime;

/// <summary>Loads llama.cpp once, from the program's own folder only, and keeps what it says of errors. Thread-safe.</summary>
/// <remarks>
/// Left to itself, the library is looked for in the current directory first, which may be anybody's. The variants differ only in the
/// instructions that they use.
/// </remarks>
internal static partial class LlamaLibrary
{
    private const int MostLines = 20;

    private static readonly Lazy<string> s_loaded = new(LoadOnce);
    private static readonly NativeLogConfig.LLamaLogCallback s_log = Log;

    [ThreadStatic]
    private static List<string>? t_errors;

    /// <summary>Loads the library. Later calls do nothing.</summary>
    /// <returns>The variant: <c>avx2</c>, <c>cuda12</c>, …</returns>
    /// <exception cref="LlamaException">There is none for this system, or it cannot be loaded.</exception>
    public static string Load() => s_loaded.Value;

    /// <summary>Whether this system has the library.</summary>
    public static bool IsPresent => File.Exists(PathOf(Variant()));

    /// <summary>Runs a call on this thread; what llama.cpp says of errors meanwhile becomes part of the exception.</summary>
    /// <param name="call">A call that throws, or gives null, where it fails.</param>
    /// <param name="failure">Begins the message, such as the file and what was tried.</param>
    /// <exception cref="LlamaException">The call failed.</exception>
    public static T Call<T>(Func<T?> call, string failure)
        where T : class
    {
        t_errors = [];
        try
        {
            return call() ?? throw new LlamaException($"{failure}: {Reason("llama.cpp gives no reason")}");
        }
        catch (Exception e) when (e is not LlamaException)
        {
            throw new LlamaException($"{failure}: {Reason(e.Message)}", e);
        }
        finally
        {
            t_errors = null;
        }

        static string Reason(string otherwise) => t_errors is { Count: > 0 } lines ? string.Join("; ", lines) : otherwise;
    }

    private static string LoadOnce()
    {
        var variant = Variant();
        var path = PathOf(variant);
        if (!File.Exists(path))
        {
            throw new LlamaException(
                $"GGUF models cannot be computed here: there is no llama.cpp for this system ({RuntimeInformation.RuntimeIdentifier}) "
                + $"at {path}.");
        }

        try
        {
            NativeLibraryConfig.All.WithLogCallback(s_log);
            NativeLibraryConfig.LLama.WithLibrary(path).WithAutoFallback(false);
            _ = SetVariable("GGML_NO_BACKTRACE", "1", 0);       // else a failed assertion starts a debugger on this process
            NativeApi.llama_empty_call();
            return variant;
        }
        catch (Exception e) when (e is TypeInitializationException or DllNotFoundException or global::LLama.Exceptions.RuntimeError)
        {
            throw new LlamaException(
                $"llama.cpp cannot be loaded from {path}. It needs glibc 2.34, a C++ runtime of GCC 11 and libgomp.so.1 "
                + $"(Debian and Ubuntu: apt-get install libgomp1). {(e.InnerException ?? e).Message.Split('\n', 2)[0]}", e);
        }
    }

    // .NET keeps variables of its own, which native code does not see.
    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrites);

    private static string PathOf(string variant) =>
        Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native", variant, "libllama.so");

    private static string Variant() =>
        File.Exists(PathOf("cuda12")) ? "cuda12"
        : Avx512F.IsSupported && Avx512BW.VL.IsSupported && Avx512DQ.VL.IsSupported && Avx512CD.IsSupported ? "avx512"
        : Avx2.IsSupported && Fma.IsSupported ? "avx2"
        : Avx.IsSupported ? "avx"
        : "noavx";

    // Levels are no order: a line that continues another has the highest number.
    private static void Log(LLamaLogLevel level, string text)
    {
        if (level == LLamaLogLevel.Error && t_errors is { Count: < MostLines } lines && text.Trim() is { Length: > 0 } line)
        {
            lines.Add(line);
        }
    }
}
