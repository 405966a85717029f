namespace BestOfN.Gateway.Attachments;

internal static class AttachmentServices
{
    /// <summary>Pictures and videos of requests.</summary>
    public static void AddAttachments(this IServiceCollection services) => services.AddSingleton<AttachmentReader>();
}
