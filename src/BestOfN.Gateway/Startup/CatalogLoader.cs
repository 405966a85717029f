using BestOfN.Core.Computing;
using BestOfN.Core.Telemetry;
using BestOfN.Gateway.Models;

namespace BestOfN.Gateway.Startup;

/// <summary>Opens all models while the gateway already answers; <c>/readyz</c> tells how far it is.</summary>
/// <remarks>It begins when the server listens: an address that is taken ends the start, and would have to wait for the models
/// otherwise.</remarks>
internal sealed class CatalogLoader(
    GeneratorCatalog generators, RewardModelCatalog rewardModels, IHostApplicationLifetime lifetime, StartMessage message,
    ILogger<CatalogLoader> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        lifetime.ApplicationStarted.Register(() => _ = LoadAsync());
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task LoadAsync()
    {
        await Task.WhenAll(
            [.. generators.Models.Select(model => OpenAsync(model.Generator, g => (g.Assumptions, g.Computation))),
                .. rewardModels.Entries.Select(e => OpenAsync(e, r => (r.Assumptions, r.Computation)))]);
        message.Log();
    }

    private async Task OpenAsync<T>(
        CatalogEntry<T> entry, Func<T, (IReadOnlyList<string> Assumptions, ModelComputation? Computation)> describe)
        where T : class
    {
        try
        {
            var model = await entry.OpenAsync();
            logger.Opened(entry.Name);
            var (assumptions, computation) = describe(model);
            if (computation is not null)
            {
                logger.Computed(entry.Name, computation.Type, computation.Repeatability, string.Join("; ", computation.Kernels));
            }

            foreach (var assumption in assumptions)
            {
                logger.Assumed(entry.Name, LoggedText.Of(assumption));
            }
        }
        catch (Exception exception)
        {
            logger.NotOpened(entry.Name, LoggedText.Of(exception));
        }
    }
}
