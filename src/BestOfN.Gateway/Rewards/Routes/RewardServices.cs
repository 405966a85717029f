using BestOfN.Gateway.Configuration;
using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Rewards.Routes;

internal static class RewardServices
{
    /// <summary>What serves reward models to trainers and rerank clients.</summary>
    public static void AddRewardServer(this IServiceCollection services)
    {
        services.AddSingleton<RewardModelNames>();
        services.AddSingleton<RewardInputReader>();
        services.AddSingleton<RewardScorer>();
        services.AddSingleton<RewardMetrics>();
        services.AddSingleton<RewardHandler>();
    }

    /// <summary>Before keys are asked for: what a request to a shared route means tells whether it needs one.</summary>
    public static void UseSharedRewardRoutes(this IApplicationBuilder app)
    {
        if (app.ApplicationServices.GetRequiredService<IOptions<BestOfNOptions>>().Value.RewardServer.Enabled)
        {
            app.UseMiddleware<SharedRoutes>();
        }
    }

    /// <summary>All routes of the reward server, where it is enabled.</summary>
    public static void MapRewardServer(this WebApplication app)
    {
        var options = app.Services.GetRequiredService<IOptions<BestOfNOptions>>().Value.RewardServer;
        if (!options.Enabled)
        {
            return;
        }

        app.MapRewards(options);
        app.MapKserve(options);
        app.MapReadiness();
        app.MapRewardModels(options);
    }
}
