using System.ComponentModel.DataAnnotations;
using BestOfN.Core.Computing;
using BestOfN.Core.Generation;
using BestOfN.Inputs.Decoding;
using BestOfN.LLama.Models;
using BestOfN.LLama.Runtime;

namespace BestOfN.LLama.Generation;

/// <summary>A GGUF file as generator, computed by llama.cpp in process. Candidates of all requests decode together; requests join and leave
/// between any two steps.</summary>
/// <remarks>
/// Sampling, seeds, stop strings and the chat template's interpreter are those of the engine of model folders. Text only: a prompt with
/// pictures must not be given. Owns the model and its thread.
/// </remarks>
public sealed class GgufGenerator : IGenerator, IDisposable
{
    private const int LargestBatch = 2048;

    private readonly GgufModel _model;
    private readonly LlamaWorker _worker;
    private readonly RequestPreparation _preparation;
    private readonly GenerationScheduler _scheduler;

    private GgufGenerator(GgufModel model, GgufGeneratorOptions options, TimeProvider time)
    {
        _model = model;
        var template = model.Template(time);
        var ends = model.Tokenizer.EndTokenIds.ToHashSet();
        if (AnswerEnd.Of(model.Tokenizer, template.Encode) is { } end)
        {
            ends.Add(end);
        }

        _preparation = new RequestPreparation(model.Tokenizer)
        {
            Template = template.Encode,
            EndTokenIds = ends,
            ContextLength = model.ContextLength,
            CacheTokens = model.CacheTokens,
            MaxSequences = options.MaxSequences,
            MaxTokens = options.MaxTokens,
            Time = time,
        };
        _worker = new LlamaWorker($"llama.cpp {Path.GetFileName(model.File.Path)}");
        _scheduler = new GenerationScheduler(
            () => new GgufSequenceBatch(model, options.MaxSequences), _worker.RunAsync,
            new SchedulerLimits(options.MaxSequences, options.QueueLength, options.TokensPerPrefill));
        Computation = new ModelComputation(
            options.IsExact ? "float32" : "float16", IsExact: false, options.IsExact ? 1e-4 : 2e-2, [$"llama.cpp: {model.Variant}"]);
    }

    public ModelComputation? Computation { get; }

    /// <summary>The longest prompt and answer together, in tokens.</summary>
    public int ContextLength => _model.ContextLength;

    /// <param name="path">The file.</param>
    /// <param name="options">Limits.</param>
    /// <param name="time">Clock of templates and latencies; the system's by default.</param>
    /// <exception cref="LlamaException">llama.cpp cannot load the file, or it would not fit into memory.</exception>
    /// <exception cref="InvalidDataException">The file is no GGUF file of a language model with tokenizer and chat template.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="ValidationException">An option is out of range.</exception>
    public static GgufGenerator Load(string path, GgufGeneratorOptions options, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
        var batch = Math.Clamp(options.TokensPerPrefill, GgufModel.MostSequences, LargestBatch);
        var model = GgufModel.Load(
            path, GgufUse.Generation, new(options.ContextTokens, options.MaxSequences, batch, options.IsExact, options.Device));
        try
        {
            return new GgufGenerator(model, options, time ?? TimeProvider.System);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    public IGeneration Start(GenerationRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        try
        {
            var generation = _preparation.Prepare(request, _scheduler.Wake);
            _preparation.SetPrompt(generation, request, request.Prompt.Messages);
            if (_scheduler.Enqueue(generation) is { } full)
            {
                return _preparation.Refused(full);
            }

            generation.EndWith(cancellationToken);
            return generation;
        }
        catch (Exception e) when (RequestPreparation.Refusal(e) is { } refusal)
        {
            return _preparation.Refused(refusal);
        }
    }

    /// <summary>Ends all generations and frees the model.</summary>
    public void Dispose()
    {
        if (_scheduler.Close())
        {
            _ = _worker.RunAsync(_scheduler.Dispose);
            _worker.Dispose();
            _model.Dispose();
        }
    }
}
