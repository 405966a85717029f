using BestOfN.Gateway.Selection.Attachments;

namespace BestOfN.Gateway.Selection;

internal static class AnswerServices
{
    /// <summary>What makes requests ready and turns selections into answers.</summary>
    public static void AddAnswers(this IServiceCollection services)
    {
        services.AddSingleton<AttachmentReader>();
        services.AddSingleton<RequestPolicy>();
        services.AddSingleton<RequestPreparation>();
        services.AddSingleton<AnswerWriter>();
    }
}
