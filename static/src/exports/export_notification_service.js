import { _t } from "@web/core/l10n/translation";
import { redirect } from "@web/core/utils/urls";
import { registry } from "@web/core/registry";

/** Tells the user that an export is done, with its download, or why there is none. */
export const exportNotificationService = {
  dependencies: ["bus_service", "notification"],
  start(env, { bus_service, notification }) {
    bus_service.subscribe("loyalty_reporting_export", ({ title, state, rows, message, url }) => {
      if (state !== "done") {
        notification.add(message, { title: _t("Export failed: %s", title), type: "danger" });
        return;
      }
      const close = notification.add(_t("%s rows are ready.", rows), {
        title,
        type: "success",
        sticky: true,
        buttons: [
          {
            name: _t("Download"),
            primary: true,
            onClick: () => {
              close();
              redirect(url);
            },
          },
        ],
      });
    });
    bus_service.start();
  },
};

registry.category("services").add("loyalty_reporting_export", exportNotificationService);
