using System.ComponentModel.DataAnnotations;
using System.Diagnostics.Metrics;
using BestOfN.Core.Computing;
using BestOfN.Core.Failures;
using BestOfN.Core.Generation;
using BestOfN.Core.Prompts;
using BestOfN.Inference.ImageCache;
using BestOfN.Inference.Kernels;
using BestOfN.Inference.Networks.Families;
using BestOfN.Inference.Networks;
using BestOfN.Inference.Runtime;
using BestOfN.Inputs.Images;
using BestOfN.Inputs.Templates;
using BestOfN.Inputs.Templates.Jinja;
using BestOfN.Inputs.Tokenizers;
using static TorchSharp.torch;

namespace BestOfN.Inference.Generation;

/// <summary>
/// A language model in process. Candidates of all requests decode together; requests join and leave between any two steps.
/// </summary>
/// <remarks>
/// Three layers: this one knows text and images; <see cref="GenerationScheduler"/> knows the queue and the loop of steps;
/// <see cref="SequenceBatch"/> computes a step on the device's thread. Logprobs are those of the model itself: before penalties,
/// temperature and filters. Failures are told by the enumeration of events. Images are decoded beside the device, before their request
/// waits for its turn. Owns the model; the device worker may be shared and is the caller's.
/// </remarks>
public sealed class GenerationEngine : IGenerator, IDisposable
{
    private readonly LanguageModel _model;
    private readonly ITokenizer _tokenizer;
    private readonly LengthBound _length;
    private readonly Func<IReadOnlyList<ChatMessage>, bool, IReadOnlyList<int>> _template;
    private readonly PromptReader _reader;
    private readonly HashSet<int> _endTokenIds;
    private readonly DeviceWorker _worker;
    private readonly GenerationOptions _options;
    private readonly TimeProvider _time;
    private readonly GenerationMetrics _metrics;
    private readonly LanguageModel? _prepacked;
    private readonly GenerationScheduler _scheduler;

    internal GenerationEngine(
        LanguageModel model,
        ITokenizer tokenizer,
        Func<IReadOnlyList<ChatMessage>, bool, IReadOnlyList<int>> template,
        IEnumerable<int> endTokenIds,
        DeviceWorker worker,
        GenerationOptions options,
        TimeProvider? time = null,
        PromptReader? reader = null,
        string name = "",
        IMeterFactory? meters = null)
    {
        Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
        (_model, _tokenizer, _template, _worker, _options, _time) =
            (model, tokenizer, template, worker, options, time ?? TimeProvider.System);
        _length = new LengthBound(tokenizer);
        _endTokenIds = [.. endTokenIds];
        _reader = reader ?? PromptReader.TextOnly;
        LanguageModel? prepacked = null;
        worker.RunToEnd(() =>
        {
            prepacked = model.Prepack(options.MaxSequences);
            Computation = KernelChoice.OfGeneration(model.Decoder, prepacked);
        });
        (_prepacked, _metrics) = (prepacked, new GenerationMetrics(name, meters, _reader.Store));
        _scheduler = new GenerationScheduler(prepacked ?? model, _reader.Store, worker, options);
    }

    /// <summary>How it computes here. Exactness is promised for prompts without pictures.</summary>
    public ModelComputation? Computation { get; private set; }

    /// <summary>The longest prompt and answer together, in tokens.</summary>
    public int ContextLength => Math.Min(_model.Decoder.Configuration.MaxPositions, _model.MaxLength ?? int.MaxValue);

    /// <summary>True where the model sees pictures and videos; a prompt with any is refused otherwise.</summary>
    public bool AcceptsPictures => _reader.AcceptsPictures;

    /// <summary>What the model's folder does not say and was taken from the published code; to be logged at start.</summary>
    public IReadOnlyList<string> Assumptions => _model.Assumptions;

    /// <summary>Pictures that went through the vision tower since the start.</summary>
    public long EncodedPictures => _reader.Store?.Encoded ?? 0;

    /// <summary>Reads a model folder in the published layout: weights, tokenizer, chat template.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="type">float32 or bfloat16; <see cref="ComputeTypes"/> knows what suits the device.</param>
    /// <param name="worker">Where to run.</param>
    /// <param name="options">Limits.</param>
    /// <param name="time">Clock of templates and latencies; the system's by default.</param>
    /// <param name="name">What the operator calls it; the folder's name by default.</param>
    /// <param name="meters">Where counters go; null: a meter of its own.</param>
    /// <exception cref="Weights.CheckpointException">Configuration or weights are not as expected.</exception>
    /// <exception cref="IOException">Tokenizer or chat template are missing; <see cref="InvalidDataException"/> where they are
    /// broken.</exception>
    /// <exception cref="ValidationException">An option is out of range.</exception>
    public static GenerationEngine Load(
        string folder, ScalarType type, DeviceWorker worker, GenerationOptions options, TimeProvider? time = null, string? name = null,
        IMeterFactory? meters = null)
    {
        ArgumentNullException.ThrowIfNull(worker);
        LanguageModel? model = null;
        worker.RunToEnd(() => model = NetworkLoader.LanguageModel(folder, type, worker.Device));
        try
        {
            var tokenizer = TokenizerFiles.Load(folder);
            var template = ChatTemplate.Load(folder, model!.Architecture, tokenizer, time);
            var reader =
                PromptReader.For(model.Pictures, model.Decoder, tokenizer, options.HdNum ?? model.MaxTiles, options.PictureCacheBytes);
            return new GenerationEngine(
                model, tokenizer, template.Encode, EndTokens.Of(folder, model, tokenizer, template), worker, options, time, reader,
                name ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)), meters);
        }
        catch
        {
            worker.RunToEnd(model!.Dispose);
            throw;
        }
    }

    public IGeneration Start(GenerationRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var hasPictures = PromptReader.HasPictures(request.Prompt.Messages);
        RunningGeneration generation;
        try
        {
            generation = Prepare(request);
            if (!hasPictures)
            {
                SetPrompt(generation, request, new SeenPrompt(request.Prompt.Messages, [], null));
            }
        }
        catch (Exception e) when (Refusal(e) is { } refusal)
        {
            return Refused(refusal);
        }

        if ((hasPictures ? _scheduler.Reserve() : _scheduler.Enqueue(generation)) is { } full)
        {
            return Refused(full);
        }

        generation.EndWith(cancellationToken);
        if (hasPictures)
        {
            _ = Task.Run(() => DecodeImagesAsync(generation, request, cancellationToken), CancellationToken.None);
        }

        return generation;
    }

    /// <summary>Ends all generations and frees the model.</summary>
    public void Dispose()
    {
        if (!_scheduler.Close())
        {
            return;
        }

        _worker.RunToEnd(() =>
        {
            _scheduler.Dispose();
            _reader.Store?.Dispose();
            _prepacked?.Dispose();
            _model.Dispose();
        });
        _metrics.Dispose();
    }

    private RunningGeneration Prepare(GenerationRequest request)
    {
        var parameters = request.Sampling;
        var sampling = new TokenSampling().With(parameters);
        if (request.Candidates < 1 || request.Candidates > _options.MaxSequences)
        {
            throw Invalid($"Invalid 'n': expected 1 to {_options.MaxSequences} candidates, got {request.Candidates}.");
        }

        if (parameters.MaxTokens < 1)
        {
            throw Invalid($"Invalid 'max_tokens': expected at least 1, got {parameters.MaxTokens}.");
        }

        if (parameters.TopLogprobs is < 0 or > 20)
        {
            throw Invalid($"Invalid 'top_logprobs': expected 0 to 20, got {parameters.TopLogprobs}.");
        }

        if (parameters.Stop.Any(string.IsNullOrEmpty))
        {
            throw Invalid("Invalid 'stop': expected strings that are not empty.");
        }

        var candidates = new RunningCandidate[request.Candidates];
        for (var i = 0; i < candidates.Length; i++)
        {
            var seed = parameters.Seed is { } given ? SamplingParameters.SeedOf(given, i) : Random.Shared.NextInt64();
            candidates[i] = new RunningCandidate(
                i, new TokenSequence(sampling, seed, parameters.Logprobs ? parameters.TopLogprobs : null),
                new CandidateText(_tokenizer, parameters.Stop));
        }

        return new RunningGeneration(candidates, request.TokenBudget, _tokenizer, _endTokenIds, _scheduler.Wake, _time);
    }

    private void SetPrompt(RunningGeneration generation, GenerationRequest request, SeenPrompt seen)
    {
        // Templates may leave out what an assistant thought, so its messages do not count here.
        if (_length.IsPassedBy(seen.Messages.Where(message => message.Role != "assistant").Select(message => message.Text), ContextLength))
        {
            throw TooLong("have far more");
        }

        var prompt = _template(seen.Messages, true);
        if (prompt.Count == 0)
        {
            throw Invalid("Invalid 'messages': they give no tokens.");
        }

        if (prompt.Count >= ContextLength)
        {
            throw TooLong($"resulted in {prompt.Count} tokens");
        }

        generation.SetPrompt(seen, prompt, Math.Min(request.Sampling.MaxTokens ?? _options.MaxTokens, ContextLength - prompt.Count));
    }

    private GenerationFailedException TooLong(string length) =>
        new(Failure.PromptTooLong(
            $"This model's maximum context length is {ContextLength} tokens. However, your messages {length}. Please reduce the length of "
                + "the messages."));

    /// <summary>Decodes the images of a prompt and queues its generation, for which a place is reserved.</summary>
    private async Task DecodeImagesAsync(RunningGeneration generation, GenerationRequest request, CancellationToken cancellationToken)
    {
        SeenPrompt? seen = null;
        try
        {
            seen = await _reader.ReadAsync(request.Prompt.Messages, largest: null, ImageOrientation.AsShown, cancellationToken);
            SetPrompt(generation, request, seen);
        }
        catch (Exception e)
        {
            _scheduler.Release();
            End(Refusal(e) ?? e);
            return;
        }

        if (!_scheduler.EnqueueReserved(generation))
        {
            End(new ObjectDisposedException(nameof(GenerationEngine)));
        }

        void End(Exception failure)
        {
            seen?.Dispose();
            generation.EndAll(failure);
        }
    }

    /// <summary>What the sender is told; null where the failure is no refusal of the request.</summary>
    private static GenerationFailedException? Refusal(Exception exception) => exception switch
    {
        GenerationFailedException e => e,
        ChatTemplateException e => Invalid(e.Reason, e),
        UnreadablePromptException e => new(e.ToFailure(), e),
        _ => null,
    };

    private RunningGeneration Refused(GenerationFailedException exception)
    {
        var generation = new RunningGeneration([], null, _tokenizer, _endTokenIds, () => { }, _time);
        generation.EndAll(exception);
        return generation;
    }

    private static GenerationFailedException Invalid(string message, Exception? inner = null) =>
        new(new Failure(FailureKind.InvalidRequest, message), inner);
}
