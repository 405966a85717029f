namespace BestOfN.Gateway.Shutdown;

internal static class ShutdownServices
{
    public static void AddDraining(this IServiceCollection services)
    {
        services.AddSingleton<Draining>();
        services.AddHostedService(provider => provider.GetRequiredService<Draining>());
        services.AddHealthChecks().AddCheck<DrainingHealthCheck>("shutdown");
    }
}
