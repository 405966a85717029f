using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using BestOfN.Inference.Folders;
using BestOfN.Inference.Runtime;
using BestOfN.LLama.Runtime;
using BestOfN.Testing;
using static TorchSharp.torch;

namespace BestOfN.LLama.Tests;

/// <summary>GGUF files made from the models of the repository, once for all tests.</summary>
internal static class TestModels
{
    private static readonly ConcurrentDictionary<(string Folder, string Type), Lazy<string>> s_files = new();
    private static readonly string s_folder = Directory.CreateTempSubdirectory("bestofn-gguf-").FullName;

    public static string PocketGenerator { get; } = Path.Combine(AppContext.BaseDirectory, "models", "pocket-generator");

    public static string PocketReward { get; } = Path.Combine(AppContext.BaseDirectory, "models", "pocket-reward");

    // libtorch first: its copy of OpenMP then serves llama.cpp, too.
    [ModuleInitializer]
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Usage", "CA2255", Justification = "A test assembly has no other beginning.")]
    internal static void Load()
    {
        RuntimeHelpers.RunModuleConstructor(typeof(TorchRuntime).Module.ModuleHandle);
        set_num_threads(1);
        Environment.SetEnvironmentVariable("OMP_NUM_THREADS", "1");
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(s_folder, recursive: true);
    }

    public static void SkipWithoutLlama()
    {
        Assert.SkipUnless(LlamaLibrary.IsPresent, "There is no llama.cpp for this system in the package; Linux x64 has one.");
        LlamaLibrary.Load();
    }

    /// <summary>A new file name that nothing else uses.</summary>
    public static string NewPath(string name) =>
        Path.Combine(Directory.CreateDirectory(Path.Combine(s_folder, Guid.NewGuid().ToString("N"))).FullName, name);

    public static string HeadOf(string file) => Path.ChangeExtension(file, ".head.safetensors");

    /// <summary>The converted pocket generator.</summary>
    public static string Pocket(string type = "f32") => Converted(PocketGenerator, type);

    /// <summary>A converted folder; its head, if it has one, lies beside it.</summary>
    public static string Converted(string folder, string type = "f32", bool hasTokenizer = true) =>
        s_files.GetOrAdd((folder, type), _ => new(() =>
        {
            using var conversion = GgufConversion.Open(folder, type, hasTokenizer);
            var path = NewPath("model.gguf");
            conversion.Write(path, HeadOf(path), null, default);
            return path;
        })).Value;

    public static string Golden(string folder, string type = "f32") => Converted(GoldenFiles.Folder(folder), type, hasTokenizer: false);
}
