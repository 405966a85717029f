using System.ComponentModel.DataAnnotations;
using System.Diagnostics.Metrics;
using BestOfN.Core.Computing;
using BestOfN.Core.Generation;
using BestOfN.Core.Prompts;
using BestOfN.Inference.Folders;
using BestOfN.Inference.ImageCache;
using BestOfN.Inference.Networks.Families;
using BestOfN.Inference.Networks;
using BestOfN.Inference.Runtime;
using BestOfN.Inputs.Decoding;
using BestOfN.Inputs.Images;
using BestOfN.Inputs.Templates;
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
    private readonly PromptReader _reader;
    private readonly RequestPreparation _preparation;
    private readonly DeviceWorker _worker;
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
        (_model, _worker) = (model, worker);
        _preparation = new RequestPreparation(tokenizer)
        {
            Template = template,
            EndTokenIds = endTokenIds.ToHashSet(),
            ContextLength = ContextLength,
            MaxSequences = options.MaxSequences,
            MaxTokens = options.MaxTokens,
            Time = time ?? TimeProvider.System,
        };
        _reader = reader ?? PromptReader.TextOnly;
        LanguageModel? prepacked = null;
        worker.RunToEnd(() =>
        {
            prepacked = model.Prepack(options.MaxSequences);
            Computation = KernelChoice.OfGeneration(model.Decoder, prepacked);
        });
        (_prepacked, _metrics) = (prepacked, new GenerationMetrics(name, meters, _reader.Store));
        _scheduler = new GenerationScheduler(
            () => new SequenceBatch(prepacked ?? model, _reader.Store), work => worker.RunAsync(work),
            new SchedulerLimits(options.MaxSequences, options.QueueLength, options.TokensPerPrefill));
    }

    /// <summary>How it computes here. Exactness is promised for prompts without images.</summary>
    public ModelComputation? Computation { get; private set; }

    /// <summary>The longest prompt and answer together, in tokens.</summary>
    public int ContextLength => Math.Min(_model.Decoder.Configuration.MaxPositions, _model.MaxLength ?? int.MaxValue);

    /// <summary>True where the model sees images and videos; a prompt with any is refused otherwise.</summary>
    public bool AcceptsPictures => _reader.AcceptsPictures;

    /// <summary>What the model's folder does not say and was taken from the published code; to be logged at start.</summary>
    public IReadOnlyList<string> Assumptions => _model.Assumptions;

    /// <summary>Images that went through the vision encoder since the start.</summary>
    public long EncodedImages => _reader.Store?.Encoded ?? 0;

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
        ArgumentNullException.ThrowIfNull(options);
        return ModelFolder<LanguageModel>.Open(
            folder, worker, () => NetworkLoader.LanguageModel(folder, type, worker.Device), (options.HdNum, options.ImageCacheBytes),
            opened =>
            {
                var (model, tokenizer, template) = (opened.Network, opened.Tokenizer, opened.Template(time));
                return new GenerationEngine(
                    model, tokenizer, template.Encode, EndTokens.Of(folder, model.EndTokenIds, tokenizer, template), worker, options, time,
                    opened.Reader, name ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)), meters);
            });
    }

    public IGeneration Start(GenerationRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var hasImages = request.Prompt.HasPictures;
        RunningGeneration generation;
        try
        {
            generation = _preparation.Prepare(request, _scheduler.Wake);
            if (!hasImages)
            {
                _preparation.SetPrompt(generation, request, request.Prompt.Messages);
            }
        }
        catch (Exception e) when (Refusal(e) is { } refusal)
        {
            return _preparation.Refused(refusal);
        }

        if ((hasImages ? _scheduler.Reserve() : _scheduler.Enqueue(generation)) is { } full)
        {
            return _preparation.Refused(full);
        }

        generation.EndWith(cancellationToken);
        if (hasImages)
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

    /// <summary>Decodes the images of a prompt and queues its generation, for which a place is reserved.</summary>
    private async Task DecodeImagesAsync(RunningGeneration generation, GenerationRequest request, CancellationToken cancellationToken)
    {
        SeenPrompt? seen = null;
        try
        {
            seen = await _reader.ReadAsync(request.Prompt.Messages, largest: null, ImageOrientation.AsShown, cancellationToken);
            _preparation.SetPrompt(generation, request, seen.Messages, seen);
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
        UnreadablePromptException e => new(e.ToFailure(), e),
        _ => RequestPreparation.Refusal(exception),
    };
}
