using System.ComponentModel.DataAnnotations;
using BestOfN.Inference.Scoring;

namespace BestOfN.Gateway.Configuration;

/// <summary>One reward model, in process or on another server.</summary>
public sealed record RewardModelOptions
{
    /// <summary>
    /// In process: the folder with config.json, weights and tokenizer, or a GGUF file; relative to the folder of appsettings.json.
    /// </summary>
    public string Path { get; init; } = "";

    /// <summary>GGUF: the safetensors file with the reward head, as <c>bestofn convert</c> writes it beside the file.</summary>
    public string? Head { get; init; }

    /// <summary>
    /// GGUF: tokens that are held over all requests, prompts once and answers each. Null: 32768, or as many as a quarter of the memory
    /// holds.
    /// </summary>
    [Range(64, 16_777_216)]
    public int? ContextTokens { get; init; }

    /// <summary>On another server: the protocol in which it is asked for rewards. Null: the model is computed in this process.</summary>
    [RegularExpression("vllm|sglang|openrlhf|tei|kserve|rerank", ErrorMessage = "'{0}' is vllm, sglang, openrlhf, tei, kserve or rerank.")]
    public string? Protocol { get; init; }

    /// <summary>On another server: the YARP cluster.</summary>
    public string? Cluster { get; init; }

    /// <summary>On another server: what the model is called there. Null: no name is sent; KServe: <c>reward_model</c>.</summary>
    public string? UpstreamModel { get; init; }

    /// <summary>
    /// On another server: the chat template by which prompt and answer become one text, where the protocol takes texts. Null:
    /// <c>chatml</c>; vllm: messages are sent, one answer in each call, and the server's own template is used.
    /// </summary>
    [RegularExpression("chatml|chatml-unused|llama3|gemma", ErrorMessage = "'{0}' must be chatml, chatml-unused, llama3 or gemma.")]
    public string? Template { get; init; }

    /// <summary>What it computes in; <c>auto</c> is bfloat16 wherever the hardware has it.</summary>
    [RegularExpression("auto|float32|bfloat16", ErrorMessage = "'{0}' must be auto, float32 or bfloat16.")]
    public string Dtype { get; init; } = "auto";

    /// <summary>Where it computes.</summary>
    [RegularExpression(@"cpu|cuda(:\d+)?", ErrorMessage = "'{0}' must be cpu, cuda or cuda:N.")]
    public string Device { get; init; } = "cpu";

    /// <summary>
    /// Memory for what was read of prompts, kept for the next answers to the same ones, in bytes. 0 keeps nothing; null: 1 GiB.
    /// </summary>
    [Range(0L, 1L << 50)]
    public long? PromptCacheBytes { get; init; }

    /// <summary>Tokens computed in one pass, over all requests; more is a little faster and takes more memory. Null: 8192.</summary>
    [Range(16, 1_048_576)]
    public int? TokensPerPass { get; init; }

    /// <summary>Calls that may wait for their turn; one more is refused at once. Null: 1024.</summary>
    [Range(1, 1_000_000)]
    public int? QueueLength { get; init; }

    /// <summary>
    /// Models that score steps: how the rewards of an answer's steps become its score. Null: the last step's is the answer's.
    /// </summary>
    public StepAggregation? StepReward { get; init; }

    /// <summary>Most tiles into which a picture is cut; null: what the model's folder says (<c>hd_num</c>), else 24.</summary>
    [Range(1, 64)]
    public int? HdNum { get; init; }

    /// <summary>
    /// Memory for the vectors of pictures, kept for the next prompts with the same ones, in bytes. 0 keeps nothing; null: 256 MiB.
    /// </summary>
    [Range(0L, 1L << 50)]
    public long? PictureCacheBytes { get; init; }

    /// <summary>
    /// Reward server: what is done with text that a chat template has written. <c>auto</c>: it is read back into messages, and where it is
    /// not exactly of a known template scored as it stands; <c>chat</c>: it is refused then; <c>raw</c>: never read back.
    /// </summary>
    [RegularExpression("auto|chat|raw", ErrorMessage = "'{0}' must be auto, chat or raw.")]
    public string PromptText { get; init; } = "auto";

    /// <summary>
    /// Reward server: whether the system message that the templates of Qwen and Llama 3 write by themselves is left out of text that is
    /// read back.
    /// </summary>
    public bool DropDefaultSystem { get; init; }

    /// <summary>
    /// Reward server, KServe: the folder of the tokenizer of the model in training, whose token ids are sent; they are decoded and read as
    /// text. Null: the ids are the reward model's own.
    /// </summary>
    public string? ActorTokenizer { get; init; }
}
