using System.Text.Json;
using System.Text.Json.Nodes;
using BestOfN.Core.Failures;
using BestOfN.Core.Generation;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Data.Records;
using BestOfN.Data.Sampling;
using BestOfN.Inputs.Records;

namespace BestOfN.Data.Samples;

/// <summary>Draws answers for prompts, scores them, and writes a line for each prompt.</summary>
/// <param name="generator">Draws the answers of a prompt.</param>
/// <param name="rewardModel">Scores them, each prompt encoded once; null: they have no score.</param>
/// <param name="plan">How many answers, and how.</param>
public sealed class AnswerSampling(IGenerator generator, IRewardModel? rewardModel, SamplingPlan plan)
{
    private long _answers, _lost, _unscored, _tokens;

    /// <summary>Answers all prompts that the file does not hold yet. Lines stand in the order of the prompts.</summary>
    /// <param name="prompts">The input; it is gone through twice.</param>
    /// <param name="file">Grows by a line for each prompt; gets its name at the end.</param>
    /// <param name="progress">Told how many prompts are done, those of an earlier run included.</param>
    /// <param name="cancellationToken">Ends the run; finished lines stay in the file.</param>
    /// <exception cref="GenerationFailedException">Not one answer of a prompt could be made.</exception>
    /// <exception cref="ScoringFailedException">The reward model failed.</exception>
    public async Task<SamplingSummary> RunAsync(
        IEnumerable<SamplePrompt> prompts, ResumableLines file, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentNullException.ThrowIfNull(file);
        var kept = file.Resume(prompts.Select(IsLineOf));
        var done = kept;
        progress?.Report(done);

        // The tasks of the next prompts wait in their order; when one of them fails, the others are ended and awaited.
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var work = new Queue<Task<JsonObject>>();
        try
        {
            foreach (var (index, prompt) in prompts.Index().Skip(kept))
            {
                if (work.Count == plan.Concurrency)
                {
                    await WriteNextAsync();
                }

                work.Enqueue(AnswerAsync(prompt, index, end.Token));
            }

            while (work.Count > 0)
            {
                await WriteNextAsync();
            }
        }
        finally
        {
            await end.CancelAsync();
            foreach (Task task in work)
            {
                await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        file.Finish();
        return new(done, kept, _answers, _lost, _unscored, _tokens);

        async Task WriteNextAsync()
        {
            file.Append([await work.Dequeue()]);
            done++;
            progress?.Report(done);
        }
    }

    private static Func<JsonElement, bool> IsLineOf(SamplePrompt prompt) => line =>
        JsonNode.DeepEquals(JsonNode.Parse(line.GetProperty("id").GetRawText()), prompt.Row["id"])
        && JsonNode.DeepEquals(JsonNode.Parse(line.GetProperty("messages").GetRawText()), prompt.Row["messages"]);

    private async Task<JsonObject> AnswerAsync(SamplePrompt sample, int index, CancellationToken cancellationToken)
    {
        await Task.Yield();
        var prompt = MediaFilePart.ReadAll(sample.Messages);
        if (!generator.AcceptsPictures && prompt.HasPictures)
        {
            throw new GenerationFailedException($"Prompt {sample.Id} has images or videos, but the generator reads text alone.");
        }

        // The seed of an answer is this plus its index: spread, and far from overflow, so that prompts do not share draws.
        var seed = (long)(new SplitMix64(plan.Seed, (ulong)index).Next() >> 2);
        var request = new GenerationRequest
        {
            Prompt = prompt,
            Candidates = plan.Answers,
            Model = plan.Model,
            Sampling = plan.Sampling with { Seed = seed },
        };
        var (answers, failures) = await GenerateAsync(request, cancellationToken);
        if (answers.Count == 0)
        {
            throw new GenerationFailedException($"Prompt {sample.Id}: {failures[0].Message}", failures[0]);
        }

        var row = (JsonObject)sample.Row.DeepClone();
        IReadOnlyList<CandidateScore?> scores;
        try
        {
            scores = await ScoreAsync(prompt, answers, cancellationToken);
        }
        catch (ScoringFailedException e) when (e.IsPromptUnreadable || (e.Failure.Kind is FailureKind.Upstream && !e.IsOutage))
        {
            // The answers cost more than the score; they are kept, and the row says why they have none.
            scores = new CandidateScore?[answers.Count];
            row["error"] = e.Message;
        }

        row["answers"] = new JsonArray([.. answers.Select((answer, i) => ToJson(answer, scores[i], sample))]);
        if (failures.Count > 0)
        {
            row["lost"] = new JsonArray([.. failures.Select(f => (JsonNode)f.Message)]);
        }

        Interlocked.Add(ref _answers, answers.Count);
        Interlocked.Add(ref _lost, failures.Count);
        Interlocked.Add(ref _tokens, answers.Sum(answer => answer.Usage.CompletionTokens));
        Interlocked.Add(ref _unscored, rewardModel is null ? 0 : scores.Count(score => !double.IsFinite(score?.Value ?? double.NaN)));
        return row;
    }

    private static JsonNode ToJson(Candidate answer, CandidateScore? score, SamplePrompt sample)
    {
        var json = new JsonObject
        {
            ["text"] = answer.Text,
            ["finish_reason"] = answer.FinishReason,
            ["tokens"] = answer.Usage.CompletionTokens,
        };
        if (score is { Value: var value } && double.IsFinite(value))
        {
            json["score"] = (float)value;
        }

        if (sample.Problem is { } problem)
        {
            json["correct"] = problem.IsCorrect(answer.Text);
        }

        return json;
    }

    private async Task<(List<Candidate> Answers, List<GenerationFailedException> Failures)> GenerateAsync(
        GenerationRequest request, CancellationToken cancellationToken)
    {
        var (answers, failures) = (new List<Candidate>(), new List<GenerationFailedException>());
        await using var generation = generator.Start(request, cancellationToken);
        await foreach (var happened in generation.Events.WithCancellation(cancellationToken))
        {
            switch (happened)
            {
                case CandidateFinished { Candidate: var candidate }:
                    answers.Add(candidate);
                    break;
                case CandidateFailed { Exception: var exception }:
                    failures.Add(exception);
                    break;
            }
        }

        answers.Sort((a, b) => a.Index.CompareTo(b.Index));
        return (answers, failures);
    }

    private async Task<IReadOnlyList<CandidateScore?>> ScoreAsync(
        Prompt prompt, List<Candidate> answers, CancellationToken cancellationToken)
    {
        if (rewardModel is null)
        {
            return new CandidateScore?[answers.Count];
        }

        if (!rewardModel.AcceptsPictures && prompt.HasPictures)
        {
            throw new ScoringFailedException($"The reward model '{rewardModel.Name}' is shown text alone.") { IsPromptUnreadable = true };
        }

        await using var session = rewardModel.Begin(prompt);
        return await session.ScoreAsync([.. answers.Select((answer, i) => new Answer(i, answer.Text))], cancellationToken);
    }
}
