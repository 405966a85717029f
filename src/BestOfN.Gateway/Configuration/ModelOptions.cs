using System.ComponentModel.DataAnnotations;

namespace BestOfN.Gateway.Configuration;

/// <summary>One model that clients may name.</summary>
public sealed record ModelOptions
{
    internal const string Folder = "folder";

    internal const string Gguf = "gguf";

    /// <summary>The older word for <see cref="Folder"/>, which is still read.</summary>
    internal const string OldFolder = "pocket";

    /// <summary>
    /// What clients call it; null: its key under <c>Models</c>. Needed for a name with <c>:</c>, which cannot stand in a key.
    /// </summary>
    [StringLength(200, MinimumLength = 1)]
    public string? Name { get; init; }

    /// <summary>
    /// What makes the candidates: <c>folder</c> (a model folder, in process), <c>gguf</c> (a GGUF file, in process by llama.cpp) or
    /// <c>upstream</c> (an OpenAI-like server).
    /// </summary>
    [Required]
    public string Generator { get; init => field = value == OldFolder ? Folder : value; } = "";

    /// <summary>
    /// In process: the folder with config.json, weights and tokenizer, or the GGUF file; relative to the folder of appsettings.json.
    /// </summary>
    public string? Path { get; init; }

    /// <summary>
    /// In process: what it computes in; <c>auto</c> is bfloat16 wherever the hardware has it. GGUF: the file decides about the weights;
    /// <c>auto</c> keeps what was read of a text in float16, <c>float32</c> in float32.
    /// </summary>
    [RegularExpression("auto|float32|bfloat16", ErrorMessage = "'{0}' must be auto, float32 or bfloat16.")]
    public string Dtype { get; init; } = "auto";

    /// <summary>In process: where it computes.</summary>
    [RegularExpression(@"cpu|cuda(:\d+)?", ErrorMessage = "'{0}' must be cpu, cuda or cuda:N.")]
    public string Device { get; init; } = "cpu";

    /// <summary>
    /// In process: candidates that are made at the same time, over all requests; no request may ask for more. Null: as many as any request
    /// may ask for.
    /// </summary>
    [Range(1, 4096)]
    public int? MaxSequences { get; init; }

    /// <summary>In process: most tiles into which a picture is cut; null: what the model's folder says (<c>hd_num</c>), else 24.</summary>
    [Range(1, 64)]
    public int? HdNum { get; init; }

    /// <summary>
    /// In process: memory for the vectors of pictures, kept for the next prompts with the same ones, in bytes. 0 keeps nothing; null: 256
    /// MiB.
    /// </summary>
    [Range(0L, 1L << 50)]
    public long? PictureCacheBytes { get; init; }

    /// <summary>In process: requests that may wait for their turn; one more is refused at once. Null: 256.</summary>
    [Range(1, 1_000_000)]
    public int? QueueLength { get; init; }

    /// <summary>In process: prompt tokens read between two steps of the candidates that run. Null: 512.</summary>
    [Range(16, 1_048_576)]
    public int? TokensPerPrefill { get; init; }

    /// <summary>
    /// GGUF: tokens that are held over all requests, prompts once and answers each. Null: 32768, or as many as a quarter of the memory
    /// holds. A request that needs more is refused.
    /// </summary>
    [Range(64, 16_777_216)]
    public int? ContextTokens { get; init; }

    /// <summary>In process: limit for one candidate, in tokens, where the request sets none. Null: 1024.</summary>
    [Range(1, 1_048_576)]
    public int? MaxTokens { get; init; }

    /// <summary>Upstream: the YARP cluster.</summary>
    public string? Cluster { get; init; }

    /// <summary>Upstream: what the model is called there, if not the same.</summary>
    public string? UpstreamModel { get; init; }

    /// <summary>The reward model that scores its candidates; null: they are not scored.</summary>
    public string? RewardModel { get; init; }

    /// <summary>Its own number of candidates.</summary>
    [Range(1, 64)]
    public int? Candidates { get; init; }

    /// <summary>Its own rule.</summary>
    public string? Strategy { get; init; }
}
