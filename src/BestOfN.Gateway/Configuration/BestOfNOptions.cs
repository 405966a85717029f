using System.ComponentModel.DataAnnotations;
using BestOfN.Core.Selection;
using BestOfN.Inputs.Images;

namespace BestOfN.Gateway.Configuration;

/// <summary>What an operator decides.</summary>
public sealed record BestOfNOptions
{
    public const string Section = "BestOfN";

    /// <summary>Environment variable with the keys that clients may call with, separated by commas. Unset: everybody may call.</summary>
    public const string KeysVariable = "BESTOFN_API_KEYS";

    /// <summary>Environment variable with the keys of operators, by commas. They may call, too, and see the traffic of all.</summary>
    public const string OperatorKeysVariable = "BESTOFN_OPERATOR_KEYS";

    /// <summary>The longest time budget that a request may ask for.</summary>
    public const int LongestTimeBudgetMs = 600_000;

    /// <summary>Where the gateway listens unless ASP.NET Core's own <c>urls</c> setting says otherwise.</summary>
    public string ListenUrl { get; init; } = "http://127.0.0.1:8080";

    /// <summary>Candidates per request. Cost grows linearly with it; quality flattens early.</summary>
    [Range(1, 64)]
    public int Candidates { get; init; } = 8;

    /// <summary>The most candidates that a request may ask for.</summary>
    [Range(1, 64)]
    public int MaxCandidates { get; init; } = 64;

    /// <summary>The rule that chooses where neither request nor model names one.</summary>
    public string Strategy { get; init; } = SelectionStrategies.Default;

    /// <summary>
    /// How long the candidates of one request are waited for, and the most that a request may ask for. What has been scored by then is
    /// selected from.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00")]
    public TimeSpan TimeBudget { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Generated tokens over all candidates of one request, and the most that a request may ask for; null: no limit.</summary>
    [Range(1, int.MaxValue)]
    public int? TokenBudget { get; init; }

    /// <summary>Requests worked on at the same time.</summary>
    [Range(1, 100_000)]
    public int MaxConcurrentRequests { get; init; } = 64;

    /// <summary>Requests that may wait for their turn; those beyond are refused with 429.</summary>
    [Range(0, 100_000)]
    public int MaxQueuedRequests { get; init; } = 256;

    /// <summary>Requests of one client (its key, or where no keys are configured its address) worked on at the same time. Null: three
    /// quarters of <see cref="MaxConcurrentRequests"/> where several keys are configured, else all.</summary>
    [Range(1, 100_000)]
    public int? MaxConcurrentRequestsPerClient { get; init; }

    /// <summary>How long a request may wait for its turn; then it is refused with 429.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00")]
    public TimeSpan MaxQueueTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>What a refused client is told to wait.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long a stream may be silent before a comment keeps it alive. Until the first one, errors still get their own status code.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "00:05:00")]
    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The largest request, in bytes. Base64 makes pictures and videos a third larger than they are.</summary>
    [Range(1024L, 1L << 30)]
    public long MaxRequestBodyBytes { get; init; } = 64 << 20;

    /// <summary>How long a request's body may take to arrive; then it is refused with 408.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan RequestReadTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>
    /// The slowest that a body may arrive, in bytes per second after the first five seconds; slower ones are refused with 408.
    /// </summary>
    [Range(1, 1_000_000_000)]
    public int MinRequestBytesPerSecond { get; init; } = 1000;

    /// <summary>Bytes of request bodies held at the same time, over all requests; one client gets half of it. Beyond that requests are
    /// refused with 503. The objects made from a body take up to about four times its size.</summary>
    [Range(1024L, 1L << 40)]
    public long MaxHeldRequestBytes { get; init; } = 512L << 20;

    /// <summary>JSON values in one request; more are refused with 413.</summary>
    [Range(100, 100_000_000)]
    public int MaxJsonValues { get; init; } = 200_000;

    /// <summary>Origins of web pages that may call from a browser, such as <c>https://chat.example</c>; <c>*</c> is any.</summary>
    public string[] CorsOrigins { get; init; } = [];

    /// <summary>After SIGTERM: how long new connections are still answered while <c>/readyz</c> already says 503.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan ShutdownDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long running requests have to end when the gateway stops. Null: 30 s more than <see cref="TimeBudget"/>.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan? ShutdownTimeout { get; init; }

    /// <summary>The largest picture of a request, in bytes of its file.</summary>
    [Range(1L, ImageLimits.MostBytes)]
    public long MaxPictureBytes { get; init; } = 20 << 20;

    /// <summary>The largest video of a request, in bytes of its file.</summary>
    [Range(1L, 1L << 30)]
    public long MaxVideoBytes { get; init; } = 40 << 20;

    /// <summary>
    /// Pictures and videos in one request, together; 0 refuses them all. What only passes through to an upstream is not counted.
    /// </summary>
    [Range(0, 1000)]
    public int MaxAttachments { get; init; } = 16;

    /// <summary>
    /// Whether models in process compute with the gateway's own CPU kernels where those serve. False: with libtorch's alone, which is
    /// slower, for comparison and where a processor is suspected to compute wrongly with the own ones.
    /// </summary>
    public bool OwnKernels { get; init; } = true;

    /// <summary>Whether a page for people is served at <c>/</c>: to ask a model and see its candidates, and to watch the traffic.</summary>
    public bool Page { get; init; } = true;

    /// <summary>Whether the page's traffic keeps the beginnings of the last 200 questions and answers, in memory, and shows them to
    /// operators. Needs a key in the environment variable <c>BESTOFN_OPERATOR_KEYS</c>.</summary>
    public bool TrafficTexts { get; init; }

    /// <summary>What clients may name as <c>model</c>.</summary>
    public Dictionary<string, ModelOptions> Models { get; init; } = new(StringComparer.Ordinal);

    /// <summary>The reward models, by the names that models and requests use.</summary>
    public Dictionary<string, RewardModelOptions> RewardModels { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Serving reward models to trainers and rerank clients.</summary>
    public RewardServerOptions RewardServer { get; init; } = new();
}
