using BestOfN.Core.Failures;
using BestOfN.Core.Generation;
using BestOfN.Core.Prompts;
using BestOfN.Inputs.Templates.Jinja;
using BestOfN.Inputs.Tokenizers;

namespace BestOfN.Inputs.Decoding;

/// <summary>Makes a generation of token ids from a request, or tells why that is refused. Thread-safe.</summary>
internal sealed class RequestPreparation
{
    private readonly LengthBound _length;

    public RequestPreparation(ITokenizer tokenizer)
    {
        Tokenizer = tokenizer;
        _length = new LengthBound(tokenizer);
    }

    public ITokenizer Tokenizer { get; }

    /// <summary>The model's chat template: messages to token ids, with or without the header of the answer to come.</summary>
    public required Func<IReadOnlyList<ChatMessage>, bool, IReadOnlyList<int>> Template { get; init; }

    public required IReadOnlyCollection<int> EndTokenIds { get; init; }

    /// <summary>The longest prompt and answer together, in tokens.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Tokens that the engine keeps for all candidates of a request, the prompt once; null: no limit.</summary>
    public int? CacheTokens { get; init; }

    /// <summary>The most candidates of one request.</summary>
    public required int MaxSequences { get; init; }

    /// <summary>Limit for one candidate, in tokens, where the request sets none.</summary>
    public required int MaxTokens { get; init; }

    /// <summary>The clock for latencies.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Checks the parameters of a request and makes its candidates; the prompt is still to be set.</summary>
    /// <param name="request">The request.</param>
    /// <param name="changed">Called after a cancellation, on any thread.</param>
    /// <exception cref="GenerationFailedException">The request is refused.</exception>
    public RunningGeneration Prepare(GenerationRequest request, Action changed)
    {
        var parameters = request.Sampling;
        var sampling = new TokenSampling().With(parameters);
        if (request.Candidates < 1 || request.Candidates > MaxSequences)
        {
            throw Invalid($"Invalid 'n': expected 1 to {MaxSequences} candidates, got {request.Candidates}.");
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
                new CandidateText(Tokenizer, parameters.Stop));
        }

        return new RunningGeneration(candidates, request.TokenBudget, Tokenizer, EndTokenIds, changed, Time);
    }

    /// <summary>Renders the prompt and gives it to the generation.</summary>
    /// <param name="generation">From <see cref="Prepare"/>.</param>
    /// <param name="request">Its request.</param>
    /// <param name="messages">The request's messages; images by the ids of their vectors.</param>
    /// <param name="held">What the prompt holds until all candidates have ended.</param>
    /// <exception cref="GenerationFailedException">The prompt is refused.</exception>
    /// <exception cref="ChatTemplateException">The template refuses the conversation.</exception>
    public void SetPrompt(
        RunningGeneration generation, GenerationRequest request, IReadOnlyList<ChatMessage> messages, IDisposable? held = null)
    {
        // Templates may leave out what an assistant thought, so its messages do not count here.
        if (_length.IsPassedBy(messages.Where(message => message.Role != "assistant").Select(message => message.Text), ContextLength))
        {
            throw TooLong("have far more");
        }

        var prompt = Template(messages, true);
        if (prompt.Count == 0)
        {
            throw Invalid("Invalid 'messages': they give no tokens.");
        }

        if (prompt.Count >= ContextLength)
        {
            throw TooLong($"resulted in {prompt.Count} tokens");
        }

        var limit = Math.Min(request.Sampling.MaxTokens ?? MaxTokens, ContextLength - prompt.Count);
        generation.SetPrompt(prompt, CacheTokens is { } tokens ? WithinCache(request, prompt.Count, limit, tokens) : limit, held);
    }

    private static int WithinCache(GenerationRequest request, int prompt, int limit, int cache)
    {
        var most = (cache - prompt) / request.Candidates;
        return most >= limit ? limit : most >= 1 && request.Sampling.MaxTokens is null ? most
            : throw Invalid(
                $"This model keeps at most {cache} tokens for a request. However, you requested {prompt} in the messages and "
                + $"{request.Candidates} answers of {limit}. Please reduce 'n', 'max_tokens' or the messages.");
    }

    /// <summary>A generation that has no candidates and tells why.</summary>
    public RunningGeneration Refused(GenerationFailedException exception)
    {
        var generation = new RunningGeneration([], null, Tokenizer, EndTokenIds, () => { }, Time);
        generation.EndAll(exception);
        return generation;
    }

    /// <summary>What the sender is told; null where the failure is no refusal of the request.</summary>
    public static GenerationFailedException? Refusal(Exception exception) => exception switch
    {
        GenerationFailedException e => e,
        ChatTemplateException e => Invalid(e.Reason, e),
        _ => null,
    };

    private GenerationFailedException TooLong(string length) =>
        new(Failure.PromptTooLong(
            $"This model's maximum context length is {ContextLength} tokens. However, your messages {length}. "
            + "Please reduce the length of the messages."));

    private static GenerationFailedException Invalid(string message, Exception? inner = null) =>
        new(new Failure(FailureKind.InvalidRequest, message), inner);
}
