using System.ComponentModel.DataAnnotations;
using BestOfN.Core.Failures;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Inputs.Scoring;
using BestOfN.LLama.Models;
using BestOfN.LLama.Runtime;

namespace BestOfN.LLama.Scoring;

/// <summary>A GGUF decoder as reward model: llama.cpp gives the hidden state, the head beside the file makes a reward of it.</summary>
/// <remarks>
/// llama.cpp's own ranking is no use here: of most families it reads another token, and it has no place for their heads. Text only. Owns
/// the model and its thread. Thread-safe.
/// </remarks>
public sealed class GgufRewardModel : IInputRewardModel, IDisposable
{
    private const int Sequences = 128;

    private readonly GgufModel _model;
    private readonly GgufScorer _scorer;
    private readonly LlamaWorker _worker;
    private readonly GgufInputScorer _inputs;
    private readonly int _queueLength;
    private int _waiting;

    private GgufRewardModel(string name, GgufModel model, RewardHeadFile head, int queueLength)
    {
        (Name, _model, _queueLength) = (name, model, queueLength);
        int[] ending = head.RewardTokenId is not { } reward ? []
            : !head.EndsBeforeRewardToken ? [reward]
            :
            [
                model.Tokenizer.EosId ?? throw new InvalidDataException($"{model.File.Path}: the file names no token that ends a text."),
                reward,
            ];
        if (ending.Any(id => id >= model.Tokenizer.VocabularySize))
        {
            throw new InvalidDataException($"{model.File.Path}: the reward token {ending[^1]} of the head is not in the vocabulary.");
        }

        Encoder = new ConversationEncoder(
            model.Template(null).Encode, model.Tokenizer, ending, scoresSteps: false, stepTokenId: null, head.PadTokenId);
        _inputs = new GgufInputScorer(this, new RawInputs(
            Encoder, model.Tokenizer, model.Tokenizer.VocabularySize, model.ContextLength, canBeCut: true, name));
        _scorer = new GgufScorer(model, head, Sequences);
        _worker = new LlamaWorker($"llama.cpp {Path.GetFileName(model.File.Path)}");
    }

    public string Name { get; }

    /// <summary>The longest conversation accepted, answer included, in tokens.</summary>
    public int MaxLength => _model.ContextLength;

    /// <summary>GGUF files name no label.</summary>
    public string Label => "LABEL_0";

    /// <summary>Tokens that went through the network since the start.</summary>
    public long ComputedTokens => _scorer.ComputedTokens;

    internal ConversationEncoder Encoder { get; }

    /// <param name="name">What the operator calls it.</param>
    /// <param name="path">The GGUF file.</param>
    /// <param name="head">The safetensors file with the reward head.</param>
    /// <param name="options">Limits.</param>
    /// <exception cref="LlamaException">llama.cpp cannot load the file, or it would not fit into memory.</exception>
    /// <exception cref="InvalidDataException">A file is none that is expected.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="ValidationException">An option is out of range.</exception>
    public static GgufRewardModel Load(string name, string path, string head, GgufRewardModelOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
        var batch = Math.Clamp(options.TokensPerPass, Sequences, 2048);
        var model = GgufModel.Load(
            path, GgufUse.Scoring, new(options.ContextTokens, Sequences, batch, options.IsExact, options.Device, ReadsStates: true));
        try
        {
            return new GgufRewardModel(name, model, RewardHeadFile.Load(head, model.HiddenSize), options.QueueLength);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <param name="path">A GGUF file against which nothing is known.</param>
    /// <param name="head">The file with its head.</param>
    /// <returns>Why the head does not fit; null where nothing is known against it.</returns>
    public static string? HeadProblem(string path, string head)
    {
        try
        {
            var file = Inputs.Gguf.GgufFile.Open(path);
            RewardHeadFile.Load(head, (int)(file.Number($"{file.Architecture}.embedding_length") ?? 0));
            return null;
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }

    public IScoringSession Begin(Prompt prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return new GgufScoringSession(this, prompt.Messages);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<InputReward>> ScoreAsync(
        IReadOnlyList<RewardInput> inputs, InputLimit limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(limit);
        return _inputs.ScoreAsync(inputs, limit, cancellationToken);
    }

    /// <summary>Frees the model; sessions that are open give no more scores.</summary>
    public void Dispose()
    {
        _worker.Dispose();
        _model.Dispose();
    }

    /// <exception cref="ScoringFailedException">The prompt leaves no room for an answer.</exception>
    internal ReadPrompt Encode(IReadOnlyList<ChatMessage> messages)
    {
        // Templates may leave out what an assistant thought, so its messages do not count here.
        if (Encoder.AreCertainlyLonger(messages.Where(message => message.Role != "assistant").Select(message => message.Text), MaxLength))
        {
            throw new ScoringFailedException(
                Failure.PromptTooLong($"The messages have far more tokens than the {MaxLength} that the reward model '{Name}' reads."));
        }

        var ids = Encoder.Encode(messages);
        return ids.Length < MaxLength ? new ReadPrompt(ids)
            : throw new ScoringFailedException(Failure.PromptTooLong(
                $"The messages have {ids.Length} tokens; the reward model '{Name}' reads at most {MaxLength}, the answer included."));
    }

    internal void Read(ReadPrompt prompt) => _ = _worker.RunAsync(() => _scorer.Read(prompt));

    internal void Close(ReadPrompt prompt) => _ = _worker.RunAsync(() =>
    {
        prompt.IsClosed = true;
        _scorer.Forget(prompt);
    });

    /// <returns>One reward for each sequence; null where there is none because it is too long.</returns>
    /// <exception cref="ScoringFailedException">The queue is full, llama.cpp failed, or a reward is not finite.</exception>
    internal async Task<double?[]> ScoreAsync(ReadPrompt prompt, IReadOnlyList<int[]?> sequences, CancellationToken cancellationToken)
    {
        // Equal sequences would differ in the last bits: each is computed once.
        string[] keys = [.. sequences.Select(ids => string.Join(',', ids ?? []))];
        var distinct = keys.Zip(sequences).Where(each => each.Second is not null).DistinctBy(each => each.First).ToArray();
        var rewards = distinct.Length == 0 ? []
            : await ComputeAsync(prompt, [.. distinct.Select(each => each.Second!)], cancellationToken);
        var known = distinct.Zip(rewards).ToDictionary(each => each.First.First, each => each.Second);
        return [.. keys.Select(key => known.TryGetValue(key, out var reward) ? reward : (double?)null)];
    }

    private async Task<double[]> ComputeAsync(ReadPrompt prompt, IReadOnlyList<int[]> sequences, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref _waiting) > _queueLength)
        {
            Interlocked.Decrement(ref _waiting);
            throw new ScoringFailedException(new Failure(FailureKind.Overloaded, $"The scoring queue is full: {_queueLength} calls wait.")
            {
                RetryAfter = TimeSpan.FromSeconds(1),
            });
        }

        double[] rewards = [];
        try
        {
            await _worker.RunAsync(() =>
            {
                Interlocked.Decrement(ref _waiting);
                if (!cancellationToken.IsCancellationRequested)
                {
                    rewards = _scorer.Score(prompt, sequences);
                }
            }).WaitAsync(cancellationToken);
        }
        catch (LlamaException e)
        {
            throw new ScoringFailedException(e.Message, e);
        }

        cancellationToken.ThrowIfCancellationRequested();
        return Array.TrueForAll(rewards, double.IsFinite) ? rewards
            : throw new ScoringFailedException($"The reward model '{Name}' gave a value that is not finite.");
    }
}
