using System.Diagnostics.Metrics;
using System.Text.Json;
using BestOfN.Core.Computing;
using BestOfN.Core.Failures;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Inference.Folders;
using BestOfN.Inference.ImageCache;
using BestOfN.Inference.Networks;
using BestOfN.Inference.Networks.Families;
using BestOfN.Inference.Runtime;
using BestOfN.Inputs.Images;
using BestOfN.Inputs.Scoring;
using BestOfN.Inputs.Templates;
using BestOfN.Inputs.Tokenizers;
using TorchSharp;

namespace BestOfN.Inference.Scoring;

/// <summary>
/// A reward network in process: sessions over text and, where the model sees them, images and videos, scored in packed passes.
/// </summary>
/// <remarks>
/// Three layers: this one knows text and images; the scheduler knows queues, sessions and the cache of prompt states; the packed scorer
/// computes one pass on the device's thread. Owns the network; the device worker may be shared and is the caller's.
/// </remarks>
public sealed class ScoringEngine : IInputRewardModel, IDisposable
{
    private readonly RewardNetwork _network;
    private readonly DeviceWorker _worker;
    private readonly ScoringMetrics _metrics;
    private readonly StepAggregation _stepReward;
    private readonly InputScorer? _inputs;

    internal ScoringEngine(
        string name,
        RewardNetwork network,
        ConversationEncoder encoder,
        DeviceWorker worker,
        ScoringOptions options,
        IMeterFactory? meters = null,
        PromptReader? reader = null,
        ITokenizer? tokenizer = null)
    {
        (Name, _network, Encoder, _worker, _stepReward) = (name, network, encoder, worker, options.StepReward);
        (Reader, Tokenizer) = (reader ?? PromptReader.TextOnly, tokenizer);
        _metrics = new ScoringMetrics(name, meters);
        Scheduler = new ScoringScheduler(new PackedScorer(network, Reader.Store), worker, options, _metrics, network.MaxLength);
        _inputs = tokenizer is null ? null : new InputScorer(this, tokenizer);
        worker.RunToEnd(() => Computation = KernelChoice.OfScoring(network.Decoder));
    }

    /// <summary>Loads a reward model from a folder in the published layout.</summary>
    /// <param name="name">What the operator calls it.</param>
    /// <param name="folder">config.json, safetensors, tokenizer, and a chat template unless the family's own will do.</param>
    /// <param name="type">float32 or bfloat16; see <see cref="ComputeTypes.Of"/>.</param>
    /// <param name="worker">The device's thread; stays the caller's.</param>
    /// <param name="options">How requests share the device.</param>
    /// <param name="meters">Where counters go; null: a meter of its own.</param>
    /// <exception cref="Weights.CheckpointException">The weights are not as expected.</exception>
    /// <exception cref="InvalidDataException">The tokenizer or the chat template is not as expected.</exception>
    /// <exception cref="FileNotFoundException">There is no tokenizer.</exception>
    /// <param name="digests">Whether the files are read for <see cref="Digest"/>.</param>
    /// <param name="readsText">False: only token ids will be scored, for which the folder needs neither tokenizer nor chat
    /// template.</param>
    /// <remarks>Nothing stays loaded where it throws.</remarks>
    public static ScoringEngine Load(
        string name, string folder, torch.ScalarType type, DeviceWorker worker, ScoringOptions options, IMeterFactory? meters = null,
        bool readsText = true, bool digests = false)
    {
        ArgumentNullException.ThrowIfNull(worker);
        ArgumentNullException.ThrowIfNull(options);
        return ModelFolder<RewardNetwork>.Open(
            folder, worker, () => NetworkLoader.RewardNetwork(folder, type, worker.Device, prepacks: true),
            (options.HdNum, options.ImageCacheBytes),
            opened =>
            {
                var (network, tokenizer) = (opened.Network, opened.Tokenizer);
                InternLM2.RefusePolar(Weights.ModelConfiguration.Load(folder), tokenizer);
                ConversationEncoder.Render render = readsText ? opened.Template().Encode
                    : (_, _) => throw new InvalidDataException($"{folder} was loaded for token ids alone.");
                var encoder = new ConversationEncoder(
                    render, tokenizer, Ending(network, tokenizer), network.ScoresSteps, network.StepTokenId, network.PadTokenId);
                return new ScoringEngine(name, network, encoder, worker, options, meters, opened.Reader, tokenizer)
                {
                    Label = LabelOf(Weights.ModelConfiguration.Load(folder)),
                    Digest = digests ? FolderDigest.Of(folder) : null,
                };
            },
            needsTokenizer: readsText);
    }

    public string Name { get; }

    /// <summary>True where the model sees images and videos; a prompt with any is refused otherwise.</summary>
    public bool AcceptsPictures => Reader.AcceptsPictures;

    /// <summary>What the model's folder does not say and was taken from the published code; to be logged at start.</summary>
    public IReadOnlyList<string> Assumptions => _network.Assumptions;

    public ModelComputation? Computation { get; private set; }

    public string? Digest { get; private init; }

    public string Label { get; private init; } = "LABEL_0";

    /// <summary>Images that went through the vision encoder since the start.</summary>
    public long EncodedImages => Reader.Store?.Encoded ?? 0;

    /// <summary>The longest conversation accepted, answer included, in tokens.</summary>
    public int MaxLength => Scheduler.MaxLength;

    /// <summary>True where every step of an answer has a reward of its own.</summary>
    public bool ScoresSteps => _network.ScoresSteps;

    /// <summary>Tokens that went through the network since the start.</summary>
    public long ComputedTokens => _metrics.ComputedTokens;

    /// <summary>Tokens that need not be computed because they were: prompts from the cache, and answers that were continued.</summary>
    public long ReusedTokens => _metrics.ReusedTokens + Scheduler.Cache.ReusedTokens;

    internal ConversationEncoder Encoder { get; }

    internal PromptReader Reader { get; }

    internal ITokenizer? Tokenizer { get; }

    internal RewardNetwork Network => _network;

    internal ScoringScheduler Scheduler { get; }

    IScoringSession IRewardModel.Begin(Prompt prompt) => Begin(prompt);

    /// <inheritdoc cref="IRewardModel.Begin"/>
    public ScoringSession Begin(Prompt prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);

        // Failures are told by the scoring call, as the contract has it; images are read beside the caller.
        return new ScoringSession(this, prompt.HasPictures
            ? cancellationToken => Task.Run(() => DecodeImagesAsync(prompt.Messages, cancellationToken), cancellationToken)
            : _ => Task.FromResult(Open(new SeenPrompt(prompt.Messages, [], null))));
    }

    /// <summary>A session over token ids.</summary>
    /// <param name="promptIds">What the sequences to come begin with.</param>
    /// <param name="images">Leases on the images in them, the session's from here on.</param>
    internal ScoringSession Begin(int[] promptIds, SeenPrompt? images = null) =>
        new(this, _ => Task.FromResult<(IReadOnlyList<ChatMessage>, ScoringContext)>(([], Scheduler.Open(promptIds, images))));

    /// <inheritdoc cref="IInputRewardModel.ScoreAsync"/>
    public Task<IReadOnlyList<InputReward>> ScoreAsync(
        IReadOnlyList<RewardInput> inputs, InputLimit limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(limit);
        return _inputs is null
            ? throw new InvalidOperationException($"The reward model '{Name}' was made without a tokenizer.")
            : _inputs.ScoreAsync(inputs, limit, cancellationToken);
    }

    /// <summary>A session over a conversation whose images are prepared already.</summary>
    /// <param name="seen">Messages with the ids of their images, and leases on these, the session's from here on.</param>
    internal ScoringSession Begin(SeenPrompt seen) => new(this, _ => Task.FromResult(Open(seen)));

    /// <summary>
    /// Lets calls wait until it is disposed. They are then computed in their order, so that the same calls have the same passes and the
    /// same scores to the last bit, however fast they came.
    /// </summary>
    internal IDisposable Hold()
    {
        var gate = new Gate();
        _ = _worker.RunAsync(gate.Wait);
        return gate;
    }

    /// <summary>Ends all sessions and frees the network.</summary>
    public void Dispose()
    {
        Scheduler.Dispose();
        _worker.RunToEnd(_network.Dispose);
        _metrics.Dispose();
    }

    private async Task<(IReadOnlyList<ChatMessage> Messages, ScoringContext Context)> DecodeImagesAsync(
        IReadOnlyList<ChatMessage> messages, CancellationToken cancellationToken) =>
        Open(await Reader.ReadAsync(messages, largest: null, ImageOrientation.AsShown, cancellationToken));

    private (IReadOnlyList<ChatMessage> Messages, ScoringContext Context) Open(SeenPrompt seen)
    {
        try
        {
            return (seen.Messages, Scheduler.Open(Encode(seen.Messages), seen));
        }
        catch
        {
            seen.Dispose();
            throw;
        }
    }

    /// <exception cref="ScoringFailedException">The prompt leaves no room for an answer.</exception>
    private int[] Encode(IReadOnlyList<ChatMessage> messages)
    {
        // Templates may leave out what an assistant thought, so its messages do not count here.
        if (Encoder.AreCertainlyLonger(messages.Where(message => message.Role != "assistant").Select(message => message.Text), MaxLength))
        {
            throw new ScoringFailedException(
                Failure.PromptTooLong($"The messages have far more tokens than the {MaxLength} that the reward model '{Name}' reads."));
        }

        var ids = Encoder.Encode(messages);
        return ids.Length < MaxLength ? ids
            : throw new ScoringFailedException(Failure.PromptTooLong(
                $"The messages have {ids.Length} tokens; the reward model '{Name}' reads at most {MaxLength}, the answer included."));
    }

    // The label of what is scored: of the two of a model that scores steps, that of right ones.
    private static string LabelOf(Weights.ModelConfiguration configuration) =>
        configuration.Value("id2label") is { ValueKind: JsonValueKind.Object } labels
        && labels.EnumerateObject().LastOrDefault().Value is { ValueKind: JsonValueKind.String } label ? label.GetString()! : "LABEL_0";

    // The published wrapper of InternLM-XComposer2.5-Reward closes the conversation before the reward token.
    private static int[] Ending(RewardNetwork network, ITokenizer tokenizer) =>
        (network.RewardTokenId, network.Architecture.StartsWith(InternLMXComposer2.Family.Prefix, StringComparison.Ordinal)) switch
    {
        (null, _) => [],
        ({ } reward, false) => [reward],
        ({ } reward, true) =>
        [
            tokenizer.EosId ?? throw new InvalidDataException(
                "The tokenizer names no end-of-sequence token, which a conversation ends with before the reward token."),
            reward,
        ],
    };

    internal AnswerReward Reward(float[] rewards)
    {
        if (!ScoresSteps)
        {
            return new AnswerReward(rewards[0], []);
        }

        var steps = rewards.Select(r => (double)r).ToArray();
        var score = _stepReward switch
        {
            StepAggregation.Min => steps.Min(),
            StepAggregation.Product => steps.Aggregate(1.0, (product, step) => product * step),
            _ => steps[^1],
        };
        return new AnswerReward(score, steps);
    }

    // Never disposed but by the collector: the device's thread may still look at it.
    private sealed class Gate : IDisposable
    {
        private readonly ManualResetEventSlim _isOpen = new();

        public void Wait() => _isOpen.Wait();

        public void Dispose() => _isOpen.Set();
    }
}
