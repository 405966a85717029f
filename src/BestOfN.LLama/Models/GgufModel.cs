using System.Globalization;
using BestOfN.Inputs.Gguf;
using BestOfN.Inputs.Templates;
using BestOfN.LLama.Runtime;
using LLama;
using LLama.Common;
using LLama.Native;

namespace BestOfN.LLama.Models;

/// <summary>A GGUF file loaded by llama.cpp, with one context, its tokenizer and its chat template.</summary>
/// <remarks>The context belongs to one thread; tokenizer and template to all. Owns both.</remarks>
internal sealed class GgufModel : IDisposable
{
    /// <summary>llama.cpp knows no more sequences.</summary>
    public const int MostSequences = 256;

    private readonly LLamaWeights _weights;
    private readonly LLamaContext _context;
    private readonly Lazy<GgufTokenizer> _tokenizer;        // asking a file without a vocabulary for a token ends the process

    private GgufModel(LLamaWeights weights, LLamaContext context, GgufFile file, string variant)
    {
        (_weights, _context, File, Variant) = (weights, context, file, variant);
        _tokenizer = new(() => new GgufTokenizer(weights.NativeHandle, file));
    }

    public GgufFile File { get; }

    /// <summary>The variant of llama.cpp that computes.</summary>
    public string Variant { get; }

    public GgufTokenizer Tokenizer => _tokenizer.Value;

    public SafeLLamaContextHandle Context => _context.NativeHandle;

    /// <summary>Tokens that the model knows, whether or not the file has a tokenizer.</summary>
    public int VocabularySize => _weights.Vocab.Count;

    /// <summary>Whether every layer keeps the keys and values of all tokens, so that a part of a sequence can be shared.</summary>
    public bool KeepsAllTokens => _weights.NativeHandle is { IsRecurrent: false, SWACount: 0 };

    /// <summary>Numbers of one hidden state.</summary>
    public int HiddenSize => _weights.EmbeddingSize;

    /// <summary>Tokens that the cache of keys and values holds.</summary>
    public required int CacheTokens { get; init; }

    /// <summary>The longest sequence, in tokens.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Most tokens computed together.</summary>
    public required int Batch { get; init; }

    /// <exception cref="LlamaException">llama.cpp cannot load the file, or it would not fit into memory.</exception>
    /// <exception cref="InvalidDataException">The file is none that is expected.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static GgufModel Load(string path, GgufUse use, GgufContextOptions options)
    {
        var file = GgufFile.Open(path);
        GgufCheck.RefuseOtherKinds(file, use);
        return Load(file, options);
    }

    /// <param name="file">The head of a file of which the kind is known.</param>
    /// <param name="options">How the context is made.</param>
    internal static GgufModel Load(GgufFile file, GgufContextOptions options)
    {
        var path = file.Path;
        var variant = LlamaLibrary.Load();
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        var need = GgufMemory.Of(file, options.IsExact, options.Batch);
        var tokens = options.Tokens ?? (int)Math.Min(need.DefaultTokenCount(memory), options.Sequences * need.TrainedLength);
        if (options.Device == "cpu" && need.Problem(tokens, memory) is { } problem)
        {
            throw new LlamaException($"{path}: {problem} Lower ContextTokens.");
        }

        if (options.Device != "cpu" && !NativeApi.llama_supports_gpu_offload())
        {
            throw new LlamaException($"{path}: device {options.Device}: this build of llama.cpp ({variant}) computes on the CPU only.");
        }

        var threads = Threads();
        var largest = Math.Max(options.Batch, options.Sequences);   // llama.cpp ends the process where a batch cannot hold all sequences
        var parameters = new ModelParams(path)
        {
            ContextSize = (uint)tokens,
            SeqMax = (uint)options.Sequences,
            BatchSize = (uint)largest,
            UBatchSize = (uint)Math.Min(largest, 512),
            Threads = threads,
            BatchThreads = threads,
            GpuLayerCount = options.Device == "cpu" ? 0 : int.MaxValue,
            MainGpu = options.Device.Split(':') is [_, var number] ? int.Parse(number, CultureInfo.InvariantCulture) : 0,
            LoadMode = LLamaLoadMode.MemoryMap,
            FlashAttention = options.IsExact ? false : null,
            TypeK = options.IsExact ? GGMLType.GGML_TYPE_F32 : GGMLType.GGML_TYPE_F16,
            TypeV = options.IsExact ? GGMLType.GGML_TYPE_F32 : GGMLType.GGML_TYPE_F16,
            Embeddings = options.ReadsStates,
            PoolingType = options.ReadsStates ? LLamaPoolingType.None : LLamaPoolingType.Unspecified,
        };
        var weights = LlamaLibrary.Call(() => LLamaWeights.LoadFromFile(parameters), $"{path}: llama.cpp cannot load the file");
        LLamaContext? context = null;
        try
        {
            if (weights.NativeHandle.HasEncoder || !weights.NativeHandle.HasDecoder || weights.NativeHandle.IsDiffusion)
            {
                throw new LlamaException($"{path}: expected a decoder of text, found {file.Architecture}, which is none.");
            }

            // A context that llama.cpp refuses is an invalid handle and no exception; using it would end the process.
            context = LlamaLibrary.Call(
                () => weights.CreateContext(parameters) is { NativeHandle.IsInvalid: false } made ? made : null,
                $"{path}: llama.cpp cannot make a context of {tokens} tokens");
            return new GgufModel(weights, context, file, variant)
            {
                CacheTokens = tokens,
                ContextLength = (int)Math.Min(tokens, need.TrainedLength),
                Batch = options.Batch,
            };
        }
        catch
        {
            context?.Dispose();
            weights.Dispose();
            throw;
        }
    }

    /// <summary>The file's chat template.</summary>
    public ChatTemplate Template(TimeProvider? time) =>
        ChatTemplate.FromText(File.Text("tokenizer.chat_template")!, $"{File.Path}: tokenizer.chat_template", Tokenizer, time);

    public void Dispose()
    {
        _context.Dispose();
        _weights.Dispose();
    }

    // The variable by which all OpenMP programs are told.
    private static int Threads() =>
        int.TryParse(Environment.GetEnvironmentVariable("OMP_NUM_THREADS"), CultureInfo.InvariantCulture, out var threads) && threads > 0
            ? threads : Environment.ProcessorCount;
}
