using BestOfN.Gateway.Catalog;

namespace BestOfN.Gateway.InProcess;

internal static class InProcessServices
{
    /// <summary>Generators and reward models that run in this process, from folders.</summary>
    public static void AddInProcessModels(this IServiceCollection services)
    {
        services.AddSingleton<DeviceWorkers>();
        services.AddSingleton<IGeneratorSource, FolderGeneratorSource>();
        services.AddSingleton<IRewardModelSource, FolderRewardModelSource>();
    }
}
