using BestOfN.Gateway.Access;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Observability;
using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Page.Traffic;

/// <summary>Notes every request for an answer, when it has ended.</summary>
internal static class TrafficRecording
{
    public static void UseTrafficRecording(this IApplicationBuilder app)
    {
        if (!app.ApplicationServices.GetRequiredService<IOptions<BestOfNOptions>>().Value.Page)
        {
            return;
        }

        var log = app.ApplicationServices.GetRequiredService<TrafficLog>();
        var time = app.ApplicationServices.GetRequiredService<TimeProvider>();
        app.Use(async (context, next) =>
        {
            var path = context.Request.Path;
            if (!HttpMethods.IsPost(context.Request.Method) || !path.StartsWithSegments("/v1", StringComparison.OrdinalIgnoreCase))
            {
                await next(context);
                return;
            }

            var begin = time.GetTimestamp();
            try
            {
                await next(context);
            }
            finally
            {
                // Requests without a key would push all others out.
                if (context.Response.StatusCode is not StatusCodes.Status401Unauthorized)
                {
                    log.Add(EntryOf(context, log.KeepsTexts, time.GetUtcNow(), time.GetElapsedTime(begin)));
                }
            }
        });
    }

    private static TrafficEntry EntryOf(HttpContext context, bool keepsTexts, DateTimeOffset now, TimeSpan elapsed)
    {
        var facts = RequestFacts.Of(context);
        var selection = facts.Selection;
        return new()
        {
            At = now.ToUnixTimeMilliseconds(),
            Model = facts.Model,
            Status = RequestFacts.StatusOf(context),
            Candidates = facts.Candidates,
            Strategy = selection?.Strategy,
            QueueMs = context.Features.Get<QueueTime>()?.Value.TotalMilliseconds ?? 0,
            GenerationMs = selection?.Timing.Generation.TotalMilliseconds,
            ScoringMs = selection?.Timing.Scoring.TotalMilliseconds,
            TotalMs = elapsed.TotalMilliseconds,
            Scores = [.. (selection?.Candidates ?? []).Select(candidate => candidate.Score?.Value).OfType<double>()],
            Degraded = [.. (selection?.Degraded ?? []).Select(word => word.Split(':')[0]).Distinct()],
            Question = keepsTexts ? facts.Question?.Messages.LastOrDefault(message => message.Role is "user")?.Text : null,
            Answer = keepsTexts ? selection?.Winner.Candidate?.Text : null,
        };
    }
}
