using System.Collections.Concurrent;
using BestOfN.Core.Failures;
using BestOfN.Core.Rewards;
using BestOfN.Core.Telemetry;
using BestOfN.Gateway.Access;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Errors;
using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Rewards;

/// <summary>Has inputs scored, as many prompts at a time as the operator allows; the others wait, fairly between clients.</summary>
internal sealed class RewardScorer(IOptions<BestOfNOptions> options, ILogger<RewardScorer> logger)
{
    private readonly BestOfNOptions _options = options.Value;
    private readonly ConcurrentDictionary<string, FairTurns> _turns = new(StringComparer.Ordinal);

    /// <summary>Prompts that are being scored.</summary>
    public int Working => _turns.Values.Sum(turns => turns.Working);

    /// <summary>Prompts that wait for their turn.</summary>
    public int Waiting => _turns.Values.Sum(turns => turns.Waiting);

    /// <param name="judge">The reward model.</param>
    /// <param name="inputs">Inputs to score. Those with the same prompt take one turn together.</param>
    /// <param name="limit">How long inputs are dealt with.</param>
    /// <param name="client">The client whose turns they take.</param>
    /// <param name="cancellationToken">Takes what waits out of the queue.</param>
    /// <exception cref="ApiException">The model failed, cannot score such inputs, or there was no turn.</exception>
    public async Task<IReadOnlyList<InputReward>> ScoreAsync(
        IRewardModel judge, IReadOnlyList<RewardInput> inputs, InputLimit limit, string client, CancellationToken cancellationToken)
    {
        using var others = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var rewards = new InputReward[inputs.Count];
        var groups = inputs.Index()
            .GroupBy(each => (each.Item as ConversationInput)?.Prompt ?? (object)judge, ReferenceEqualityComparer.Instance)
            .Select(group => TakeTurnAsync(judge, [.. group], limit, client, rewards, others.Token)).ToList();
        try
        {
            while (groups.Count > 0)
            {
                var done = await Task.WhenAny(groups);
                groups.Remove(done);
                await done;
            }

            return rewards;
        }
        catch (ScoringFailedException exception)
        {
            throw NotScored(judge, exception);
        }
        finally
        {
            // The first failure is the answer; what else waits is given up before the request ends.
            await others.CancelAsync();
            await Task.WhenAll(groups).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private async Task TakeTurnAsync(
        IRewardModel judge, (int Index, RewardInput Item)[] group, InputLimit limit, string client, InputReward[] rewards,
            CancellationToken cancellationToken)
    {
        var turns = _turns.GetOrAdd(judge.Name, name => NewTurns(name));
        using var turn = await turns.TakeAsync(client, cancellationToken) ?? throw ApiException.NoTurn(_options.RetryAfter);
        RewardInput[] inputs = [.. group.Select(each => each.Item)];
        var scored = judge is IInputRewardModel direct
            ? await direct.ScoreAsync(inputs, limit, cancellationToken)
            : await ScoreByMessagesAsync(judge, inputs, cancellationToken);
        for (var i = 0; i < group.Length; i++)
        {
            rewards[group[i].Index] = double.IsFinite(scored[i].Score ?? 0) ? scored[i]
                : throw new ScoringFailedException($"The reward model '{judge.Name}' gave a score that is not a finite number.");
        }
    }

    /// <summary>A reward model on another server takes messages only.</summary>
    private static async Task<InputReward[]> ScoreByMessagesAsync(
        IRewardModel judge, RewardInput[] inputs, CancellationToken cancellationToken)
    {
        if (inputs.Any(input => input is not ConversationInput))
        {
            throw ApiException.Invalid(
                $"The reward model '{judge.Name}' runs on another server and takes messages: text that is of no known chat template, "
                    + "and token ids, cannot be passed on.",
                code: "unsupported_content");
        }

        await using var session = judge.Begin(((ConversationInput)inputs[0]).Prompt);
        var scores = await session.ScoreAsync(
            [.. inputs.Select((input, i) => ((ConversationInput)input).Answer with { Index = i })], cancellationToken);
        return [.. scores.Select(score => new InputReward(score?.Value, 0, 0))];
    }

    // The engine's own queue refuses; this one, in front of it, has room for all.
    private FairTurns NewTurns(string name)
    {
        var server = _options.RewardServer;
        var queue = _options.RewardModels.GetValueOrDefault(name)?.QueueLength ?? int.MaxValue;
        var places = Math.Max(1, Math.Min(server.MaxConcurrentPrompts, queue / 2));
        return new FairTurns(places, places, server.Overload == "reject" ? server.MaxWaiting : int.MaxValue);
    }

    private ApiException NotScored(IRewardModel judge, ScoringFailedException exception)
    {
        var failure = exception.Failure;
        var status = failure.Kind switch
        {
            FailureKind.InvalidRequest or FailureKind.UnreadableInput => StatusCodes.Status400BadRequest,
            FailureKind.Overloaded or FailureKind.Unavailable => StatusCodes.Status503ServiceUnavailable,
            FailureKind.TimedOut => StatusCodes.Status504GatewayTimeout,
            FailureKind.Upstream => StatusCodes.Status502BadGateway,
            _ => StatusCodes.Status500InternalServerError,
        };
        if (status >= StatusCodes.Status500InternalServerError)
        {
            logger.NotScored(judge.Name, LoggedText.WithoutWords(exception.InnerException ?? exception));
        }

        return ApiException.NotScored(
            status, failure.Kind is FailureKind.Overloaded ? failure with { RetryAfter = failure.RetryAfter ?? _options.RetryAfter }
                : failure);
    }
}
