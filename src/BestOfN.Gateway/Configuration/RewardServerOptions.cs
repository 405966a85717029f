using System.ComponentModel.DataAnnotations;

namespace BestOfN.Gateway.Configuration;

/// <summary>How the reward models are served to trainers and rerank clients, each in the protocol that it speaks.</summary>
public sealed record RewardServerOptions
{
    /// <summary>Whether reward models are served at all. A gateway that serves them needs no entry under <c>Models</c>.</summary>
    public bool Enabled { get; init; }

    /// <summary>The reward model that is meant where a request names none. Null: the only one that is configured.</summary>
    public string? Model { get; init; }

    /// <summary>
    /// Whether a name that is not configured means the reward model of <see cref="Model"/>: trainers send paths of their own machine.
    /// Null: where exactly one is configured.
    /// </summary>
    public bool? AnyModelName { get; init; }

    /// <summary>
    /// Dialects whose routes ask for no key: <c>native</c>, <c>openrlhf</c>, <c>slime</c>, <c>llamafactory</c>, <c>vllm</c>, <c>verl</c>,
    /// <c>xtuner</c>,
    /// <c>sglang</c>, <c>tei</c>, <c>rerank</c>, <c>kserve</c>, <c>ms-swift</c>. A route that several dialects share is open if any of
    /// them is named.
    /// </summary>
    public string[] Anonymous { get; init; } = [];

    /// <summary>
    /// What becomes of a request for which there is no place: it waits (<c>queue</c>), or is refused once <see cref="MaxWaiting"/> wait
    /// (<c>reject</c>).
    /// </summary>
    [RegularExpression("queue|reject", ErrorMessage = "'{0}' must be queue or reject.")]
    public string Overload { get; init; } = "queue";

    /// <summary>Prompts that may wait for their turn where <see cref="Overload"/> is <c>reject</c>.</summary>
    [Range(0, 1_000_000)]
    public int MaxWaiting { get; init; } = 1024;

    /// <summary>
    /// Prompts that are scored at the same time for one reward model. Each holds its state in memory until its answers are scored.
    /// </summary>
    [Range(1, 100_000)]
    public int MaxConcurrentPrompts { get; init; } = 128;

    /// <summary>Inputs of one request.</summary>
    [Range(1, 1_000_000)]
    public int MaxInputs { get; init; } = 4096;

    /// <summary>
    /// Whether inputs that are too long for the model lose their beginning, in dialects whose requests cannot say so. Otherwise they are
    /// refused.
    /// </summary>
    public bool AutoTruncate { get; init; }

    /// <summary>Whether <c>/</c> answers, too: as OpenRLHF's server, or as TEI's, by the fields of the request.</summary>
    public bool RootRoute { get; init; }

    /// <summary>
    /// OpenRLHF: what stands in <c>scores</c>, by which samples are filtered: the rewards again, or their sigmoids in 0..1.
    /// </summary>
    [RegularExpression("rewards|sigmoid", ErrorMessage = "'{0}' must be rewards or sigmoid.")]
    public string Scores { get; init; } = "rewards";

    /// <summary>What <c>/pooling</c> answers for one input: vLLM's rows, or lmdeploy's number.</summary>
    [RegularExpression("vllm|lmdeploy", ErrorMessage = "'{0}' must be vllm or lmdeploy.")]
    public string Pooling { get; init; } = "vllm";

    /// <summary>Form of the answer of <c>/v1/rerank</c>: an object as Jina's, Cohere's and vLLM's, or SGLang's list.</summary>
    [RegularExpression("jina|sglang", ErrorMessage = "'{0}' must be jina or sglang.")]
    public string V1Rerank { get; init; } = "jina";

    /// <summary>
    /// What <c>/v1/classify</c> makes of a reward: a sigmoid as vLLM, or SGLang's softmax, which is 1 for the only label.
    /// </summary>
    [RegularExpression("sigmoid|softmax", ErrorMessage = "'{0}' must be sigmoid or softmax.")]
    public string SglangV1Classify { get; init; } = "sigmoid";

    /// <summary>TEI: inputs of one request, as its clients are told by <c>/info</c>.</summary>
    [Range(1, 100_000)]
    public int TeiMaxClientBatchSize { get; init; } = 32;

    /// <summary>KServe: the name that NeMo-Aligner's trainers ask for; it means the reward model of <see cref="Model"/>.</summary>
    [StringLength(200, MinimumLength = 1)]
    public string KserveModel { get; init; } = "reward_model";

    /// <summary>
    /// KServe: a second name, which also answers whether a text was too long (<c>exceeded</c>), as NeMo's SteerLM annotator reads it.
    /// Null: none.
    /// </summary>
    [StringLength(200, MinimumLength = 1)]
    public string? KserveExceededModel { get; init; }

    /// <summary>
    /// ms-swift: whether <c>/v1/chat/completions</c> answers for the name of a reward model, with the reward of the last message as
    /// content, a number.
    /// </summary>
    public bool SwiftChatRewards { get; init; }
}
