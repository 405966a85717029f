using BestOfN.Gateway.Page.Traffic;

namespace BestOfN.Gateway.Page;

internal static class PageServices
{
    /// <summary>What the page shows of the gateway's traffic.</summary>
    public static void AddPage(this IServiceCollection services) => services.AddSingleton<TrafficLog>();
}
