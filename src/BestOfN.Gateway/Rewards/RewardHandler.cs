using BestOfN.Core.Rewards;
using BestOfN.Gateway.Access;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Observability;
using BestOfN.Gateway.Shutdown;
using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Rewards;

/// <summary>The way of a request for rewards, in whatever protocol: body, call, inputs, scores, answer.</summary>
internal sealed class RewardHandler(
    ApiKeys keys, RequestBodies bodies, Draining draining, RewardModelNames names, RewardInputReader reader, RewardScorer scorer,
        RewardMetrics metrics,
    IOptions<BestOfNOptions> options, TimeProvider time)
{
    // What a client needs to know which weights a reward is of.
    private const string ModelHeader = "x-bestofn-reward-model";
    private const string DigestHeader = "x-bestofn-weights-sha256";

    /// <param name="context">The request.</param>
    /// <param name="dialect">The protocol of the route; the reader may find that it is another.</param>
    /// <param name="read">Reads the request.</param>
    /// <param name="isJson">Whether the body has to be JSON.</param>
    public async Task AnswerAsync(HttpContext context, RewardDialect dialect, Func<RewardExchange, RewardCall> read, bool isJson = true)
    {
        var begin = time.GetTimestamp();
        dialect.Claim(context.Features);
        using var work = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, draining.TimeIsUp);
        try
        {
            await AnswerAsync(context, read, isJson, begin, work.Token);
        }
        catch (Exception exception)
        {
            var outcome = context.RequestAborted.IsCancellationRequested ? "abandoned"
                : exception is ApiException { StatusCode: < StatusCodes.Status500InternalServerError } ? "refused" : "failed";
            metrics.Ended(DialectOf(context), outcome, time.GetElapsedTime(begin));
            if (draining.TimeIsUp.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
            {
                throw ApiException.ShuttingDown(options.Value.RetryAfter);
            }

            throw;
        }
    }

    private async Task AnswerAsync(
        HttpContext context, Func<RewardExchange, RewardCall> read, bool isJson, long begin, CancellationToken cancellationToken)
    {
        var client = keys.ClientOf(context);
        var body = await bodies.ReadAsync(context, client, cancellationToken, isJson);
        var call = read(new RewardExchange(
            context.Features, context.Request.Headers, context.Request.Query, body, options.Value.RewardServer));
        if (call.Inputs.Count > options.Value.RewardServer.MaxInputs)
        {
            throw ApiException.Invalid(
                $"{call.Inputs.Count} inputs came in one request; at most {options.Value.RewardServer.MaxInputs} are allowed.",
                    code: "too_many_inputs");
        }

        var entry = names.Find(call.ConfiguredModel ?? call.Model);
        RequestFacts.Of(context).Model = entry.Name;
        var judge = await entry.GetAsync(cancellationToken);
        var inputs = reader.Read(entry.Name, call.Inputs);
        var reading = time.GetElapsedTime(begin);
        var limit = LimitFor(call, judge);
        var rewards = inputs.Count == 0 ? [] : await scorer.ScoreAsync(judge, inputs, limit, client, cancellationToken);
        if (!call.AllowsMissing && rewards.Index()
            .FirstOrDefault(each => each.Item.Score is null) is { Item: { } missing, Index: var index })
        {
            throw TooLong(judge, index, missing, limit);
        }

        RequestFacts.Of(context).Scored = rewards.Count;
        var elapsed = time.GetElapsedTime(begin);
        var reply = call.Reply(new RewardResults(call.Model is { Length: > 0 } sent ? sent : entry.Name, judge, rewards)
        {
            Time = time.GetUtcNow(),
            Id = Guid.NewGuid().ToString("N"),
            Elapsed = elapsed,
            Reading = reading,
            IsOnGpu = options.Value.RewardModels[entry.Name].Device != "cpu",
        });
        await WriteAsync(context, reply, entry.Name, judge.Digest, cancellationToken);
        metrics.Answered(DialectOf(context), entry.Name, rewards.Count, elapsed);
    }

    private static async Task WriteAsync(
        HttpContext context, RewardReply reply, string model, string? digest, CancellationToken cancellationToken)
    {
        var response = context.Response;
        response.Headers[ModelHeader] = Uri.EscapeDataString(model);
        if (digest is not null)
        {
            response.Headers[DigestHeader] = digest;
        }

        foreach (var (name, value) in reply.Headers)
        {
            response.Headers[name] = value;
        }

        response.ContentType = reply.ContentType;
        response.ContentLength = reply.Body.Length;
        await response.Body.WriteAsync(reply.Body, cancellationToken);
    }

    private static InputLimit LimitFor(RewardCall call, IRewardModel judge)
    {
        if (call.LimitField is null || call.Limit.MaxTokens is not { } most)
        {
            return call.Limit;
        }

        return judge is not IInputRewardModel direct ? throw ApiException.Invalid(
                $"'{call.LimitField}' is not supported for '{judge.Name}', which runs on another server.", call.LimitField,
                    "unsupported_parameter")
            : most > direct.MaxLength ? throw ApiException.Invalid(
                $"'{call.LimitField}' is {most}; the reward model reads at most {direct.MaxLength} tokens.", call.LimitField,
                    "out_of_range")
            : call.Limit;
    }

    private static ApiException TooLong(IRewardModel judge, int index, InputReward reward, InputLimit limit)
    {
        var most = Math.Min(limit.MaxTokens ?? int.MaxValue, (judge as IInputRewardModel)?.MaxLength ?? int.MaxValue);
        var allowed = most == int.MaxValue ? "" : $", and at most {most} are read";
        return ApiException.Invalid($"Input {index} is too long: it has {reward.Tokens} tokens{allowed}.", code: "context_length_exceeded");
    }

    private static string DialectOf(HttpContext context) => context.Features.Get<RewardDialect>()!.Name;
}
