using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace BestOfN.Core.Selection;

public static class SelectionServices
{
    /// <summary>
    /// The selector and the built-in strategies; more strategies are registered as <see cref="ISelectionStrategy"/>. The host brings
    /// logging and metrics.
    /// </summary>
    public static IServiceCollection AddSelection(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        foreach (var strategy in SelectionStrategies.BuiltIn)
        {
            services.AddSingleton(strategy);
        }

        services.AddSingleton<SelectionStrategies>();
        services.AddSingleton<SelectionTelemetry>();
        services.AddSingleton<BestOfNSelector>();
        return services;
    }
}
